// The answers of both servers by the names that they have in their descriptions.
import type { components as ofCentre } from './centre';
import type { components as ofProvince } from './province';

/** An answer as it comes: every field is written, and is null where there is nothing; descriptions call those optional. */
export type Whole<T> = T extends readonly (infer Each)[]
  ? Whole<Each>[]
  : T extends object
    ? { [Name in keyof T]-?: Whole<Exclude<T[Name], undefined>> }
    : T;

/** What a centre answers. */
export type OfCentre<Name extends keyof ofCentre['schemas']> = Whole<ofCentre['schemas'][Name]>;
/** What a province answers. */
export type OfProvince<Name extends keyof ofProvince['schemas']> = Whole<ofProvince['schemas'][Name]>;
/** What a centre is asked with. */
export type ToCentre<Name extends keyof ofCentre['schemas']> = ofCentre['schemas'][Name];

// Packages of recordings to hand over, and recordings that somebody holds against deletion.
import { get, post, remove } from './client';
import type { OfCentre, ToCentre } from './schema/answers';

/** A package, as far as it got. */
export type Export = OfCentre<'Export'>;
/** What a package is made of. */
export type ExportWish = ToCentre<'Wanted'>;
/** Recordings that are kept whatever their age. */
export type Hold = OfCentre<'Hold'>;

/** What is to be held; without an end until somebody releases it. */
export interface HoldWish {
  cameras: string[];
  from: string;
  to: string;
  reason: string;
  until: string | null;
}

/** How far a package is, as the stream of events tells it. */
export interface ExportEvent {
  id: string;
  state: Export['state'];
  done: number;
}

const one = (id: string) => `/api/exports/${encodeURIComponent(id)}`;

/** All packages. */
export const allExports = async (): Promise<Export[]> => (await get<{ exports: Export[] }>('/api/exports')).exports;
/** Begins a package. */
export const beginExport = (wish: ExportWish): Promise<Export> => post('/api/exports', wish);
/** Removes a package; the recordings stay. */
export const deleteExport = (id: string): Promise<void> => remove(one(id));
/** The address of a finished package. */
export const packageAddress = (id: string): string => `${one(id)}/package.zip`;

/** All holds, the released ones too. */
export const allHolds = async (): Promise<Hold[]> => (await get<{ holds: Hold[] }>('/api/holds')).holds;
/** Begins to hold. */
export const beginHold = (wish: HoldWish): Promise<Hold> => post('/api/holds', wish);
/** Lets go again. */
export const releaseHold = (id: string, reason: string): Promise<void> =>
  post(`/api/holds/${encodeURIComponent(id)}/release`, { reason });

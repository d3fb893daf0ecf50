// The centres of a province, as its service tells them.
import { get } from './client';
import type { OfProvince } from './schema/answers';

/** How a centre stands: its last word is fresh, fresh but slow, overdue, or too old. */
export type Standing = OfProvince<'Standing'>;
/** A centre. */
export type CentreFacts = OfProvince<'Centre'>;
/** A centre, and all that is known of the chain of what it signed. */
export type CentreDetail = OfProvince<'CentreDetail'>;

/** All centres of the province. */
export const allCentres = async (): Promise<CentreFacts[]> => (await get<{ centres: CentreFacts[] }>('/api/centres')).centres;

/** One centre of the province. */
export const oneCentre = (id: string): Promise<CentreDetail> => get<CentreDetail>(`/api/centres/${encodeURIComponent(id)}`);

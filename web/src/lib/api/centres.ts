// The centres of a province, as its service tells them.
import { get } from './client';

/** How a centre stands: its last word is fresh, fresh but slow, overdue, or too old. */
export type Standing = 'alive' | 'slow' | 'late' | 'silent';

/** A centre. */
export interface CentreFacts {
  id: string;
  name: string;
  state: Standing;
  silent_since: string | null;
  heard_at: string | null;
  events_missing: number;
}

/** All centres of the province. */
export const allCentres = async (): Promise<CentreFacts[]> => (await get<{ centres: CentreFacts[] }>('/api/centres')).centres;

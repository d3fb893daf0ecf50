// How the centre itself stands: its parts, each with a word for its state and what was measured.
import { get } from './client';
import type { OfCentre } from './schema/answers';

/** How grave something is. */
export type HealthState = OfCentre<'Wellness'>;
/** One part. What was measured depends on part and code; units are in the names. */
export type HealthItem = Omit<OfCentre<'Item'>, 'values'> & { values: Readonly<Record<string, unknown>> };
/** `GET /api/health`. */
export type Health = Omit<OfCentre<'HealthReport'>, 'items'> & { items: HealthItem[] };

/** Every part, and the codes that it can have. */
export const healthCodes = {
  camera: ['streaming', 'connecting', 'stalled', 'lost', 'refused'],
  recording: ['well', 'failing'],
  disk: ['room', 'low', 'stuck', 'away'],
  province: ['none', 'delivered', 'backlog', 'disconnected'],
  undelivered: ['none', 'some'],
  clock: ['synchronised', 'off', 'unknown'],
  certificate: ['none', 'missing', 'good', 'soon', 'expired'],
  'web-certificate': ['none', 'good', 'soon', 'expired', 'unreadable'],
  models: ['good', 'fault'],
  seeing: ['good', 'behind', 'hanging'],
  database: ['well', 'silent'],
} as const;

/** Asks how things stand. */
export const healthNow = (signal?: AbortSignal): Promise<Health> => get('/api/health', signal);

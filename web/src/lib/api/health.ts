// How the centre itself stands: its parts, each with a word for its state and what was measured.
import { get } from './client';

/** How grave something is. */
export type HealthState = 'good' | 'attention' | 'bad';

/** One part. What was measured depends on part and code; units are in the names. */
export interface HealthItem {
  part: string;
  state: HealthState;
  code: string;
  camera: string | null;
  values: Readonly<Record<string, unknown>>;
}

/** `GET /api/health`. */
export interface Health {
  state: HealthState;
  at: string;
  items: HealthItem[];
}

/** Every part, and the codes that it can have. */
export const healthCodes = {
  camera: ['streaming', 'connecting', 'stalled', 'lost', 'refused'],
  recording: ['well', 'failing'],
  disk: ['room', 'low', 'away'],
  province: ['none', 'delivered', 'backlog', 'disconnected'],
  undelivered: ['none', 'some'],
  clock: ['synchronised', 'off', 'unknown'],
  certificate: ['none', 'good', 'soon', 'expired'],
  'web-certificate': ['none', 'good', 'soon', 'expired', 'unreadable'],
  models: ['none', 'good', 'fault'],
  seeing: ['good', 'behind', 'hanging'],
  database: ['well', 'silent'],
} as const;

/** Asks how things stand. */
export const healthNow = (signal?: AbortSignal): Promise<Health> => get('/api/health', signal);

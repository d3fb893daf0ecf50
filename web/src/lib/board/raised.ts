// Which alerts a province sees first: those that need somebody now, the newest first and the gravest of them.
import type { Alert } from '$lib/api/incidents';
import { byGravity } from '$lib/incident/order';

/** What the order goes by. */
export type Raisable = Pick<Alert, 'id' | 'raised' | 'acknowledged' | 'severity' | 'flagged_at' | 'work'>;

/** Whether it still waits for somebody. */
export const isWaiting = (alert: Raisable): boolean => alert.raised && alert.acknowledged === null && alert.work.state !== 'closed';

/** Alerts that wait for the province, and the others in the order in which they came. */
export function split<T extends Raisable>(alerts: readonly T[]): { waiting: T[]; others: T[] } {
  return {
    waiting: alerts.filter(isWaiting).sort(byGravity),
    others: alerts.filter((alert) => !isWaiting(alert)),
  };
}

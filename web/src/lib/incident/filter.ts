// What somebody wants to see of the incidents, as the filter shows it and as the service is asked.
import type { IncidentFilter } from '$lib/api/incidents';
import type { Severity } from '$lib/api/types';
import { momentOnDate } from '$lib/time/time_of_day';

/** The choices of the filter; empty is any. */
export interface Wanted {
  state: 'unfinished' | 'closed' | 'all';
  severity: Severity | '';
  camera: string;
  /** `2026-11-27` */
  day: string;
}

/** What is shown at first. */
export const usual: Wanted = { state: 'unfinished', severity: '', camera: '', day: '' };

const midnight = { hour: 0, minute: 0, second: 0 };

/** What the service is asked for. */
export function asked(wanted: Wanted, zone: string): IncidentFilter {
  const from = momentOnDate(midnight, wanted.day, zone);
  // Noon of the next day is on that day whatever the clocks do; then back to its midnight.
  const next = from === null ? null : new Date(Date.parse(`${wanted.day}T12:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
  const to = next === null ? null : momentOnDate(midnight, next, zone);
  return {
    state: wanted.state === 'all' ? null : wanted.state,
    severity: wanted.severity || null,
    camera: wanted.camera || null,
    from: from === null ? null : new Date(from).toISOString(),
    to: to === null ? null : new Date(to).toISOString(),
  };
}

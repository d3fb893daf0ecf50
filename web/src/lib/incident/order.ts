// In which order incidents are shown: what nobody has looked at first, the gravest of it first, then the newest.
import type { Work, WorkState } from '$lib/api/incidents';
import type { Severity } from '$lib/api/types';

/** What the order goes by. */
export interface Ranked {
  id: string;
  severity: Severity;
  flagged_at: string;
  work: Work;
}

/** How grave a severity is. */
export const gravity: Record<Severity, number> = { urgent: 2, warning: 1, notice: 0 };

/** Incidents of one state. */
export interface Group<T> {
  state: WorkState;
  incidents: T[];
}

const states: readonly WorkState[] = ['new', 'seen', 'in-hand', 'closed'];

/** The gravest first, and the newest of equals. */
export function byGravity(a: Ranked, b: Ranked): number {
  return gravity[b.severity] - gravity[a.severity] || Date.parse(b.flagged_at) - Date.parse(a.flagged_at);
}

/** The one that was new when somebody opened it, if it was. */
export function heldNew(open: string | null, incidents: readonly Ranked[] | null): string | null {
  return incidents?.some((incident) => incident.id === open && incident.work.state === 'new') ? open : null;
}

/** By what is being done about them; states that none is in are left out. `held` stays with the new ones when it is seen. */
export function grouped<T extends Ranked>(incidents: readonly T[], held: string | null = null): Group<T>[] {
  const stateOf = ({ id, work }: T) => (id === held && work.state === 'seen' ? 'new' : work.state);
  return states
    .map((state) => {
      const found = incidents.filter((incident) => stateOf(incident) === state);
      // Closed ones stay newest first.
      return { state, incidents: state === 'closed' ? found : found.sort(byGravity) };
    })
    .filter((group) => group.incidents.length > 0);
}

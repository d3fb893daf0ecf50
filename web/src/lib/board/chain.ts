// Whether the chain of what a centre signed needs somebody's eye.
import type { CentreFacts } from '$lib/api/centres';

/** Links come once an hour, and a manifest before those signed ahead of it: so much later something is amiss. */
const lateMs = 3 * 3_600_000;

/** How it stands, as far as it is worth a line in a list. */
export type ChainNotice = { state: 'broken'; count: number } | { state: 'open'; count: number; since: string };

/** What is worth saying of a centre's chain at `now`, in ms since 1970. */
export function chainNotice(one: Pick<CentreFacts, 'chain_missing' | 'chain_open_since' | 'chain_faults'>, now: number): ChainNotice | null {
  if (one.chain_faults > 0) return { state: 'broken', count: one.chain_faults };
  // Of all lives of its database: whoever begins a new one does not close what is missing in the old.
  const since = one.chain_open_since;
  if (since && now - Date.parse(since) > lateMs) return { state: 'open', count: one.chain_missing, since };
  return null;
}

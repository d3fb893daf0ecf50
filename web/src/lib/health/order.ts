// In which order the parts of the centre are told: what is worst comes first.
import type { HealthItem, HealthState } from '$lib/api/health';

const rank: Record<HealthState, number> = { bad: 2, attention: 1, good: 0 };

/** The worst first; equals as the service told them. */
export function worstFirst(items: readonly HealthItem[]): HealthItem[] {
  return [...items].sort((a, b) => rank[b.state] - rank[a.state]);
}

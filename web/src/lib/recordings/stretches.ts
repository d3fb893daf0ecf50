// Where pictures begin again, and which incident is the next: for jumps over what is of no interest.
import type { Incident } from '$lib/api/incidents';
import type { Span } from '$lib/api/types';

/** Breaks shorter than this are file borders (milliseconds). */
const border = 2000;
/** An incident is looked at from a little before it began (milliseconds). */
export const lead = 5000;

/** The first moment after `moment` at which some camera begins to have pictures while none had before; or null. */
export function nextStretch(spans: readonly Span[], moment: number): number | null {
  const sorted = spans.map(({ from, to }) => ({ from: Date.parse(from), to: Date.parse(to) })).sort((a, b) => a.from - b.from);
  let end = -Infinity;
  for (const span of sorted) {
    if (span.from > moment && span.from > Math.max(end, moment) + border) return span.from;
    end = Math.max(end, span.to);
  }
  return null;
}

/** The nearest incident of these cameras before (-1) or after (1) a moment; or null. */
export function nearestIncident(
  incidents: readonly Incident[],
  cameras: readonly string[],
  moment: number,
  direction: 1 | -1,
): Incident | null {
  const begins = (one: Incident) => Date.parse(one.started_at) - lead;
  // Back from within an incident is its own beginning, unless that was just left.
  const isBeyond = (one: Incident) => (direction > 0 ? begins(one) > moment + 500 : begins(one) < moment - 2000);
  const found = incidents
    .filter((one) => [one.camera, ...one.also].some((camera) => camera !== null && cameras.includes(camera)))
    .filter(isBeyond)
    .sort((a, b) => (begins(a) - begins(b)) * direction);
  return found[0] ?? null;
}

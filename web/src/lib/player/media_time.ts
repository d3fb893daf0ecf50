// Wall time to media time and back, by the dates in the playlist. Gaps have no media: two moments on both sides
// of a gap are next to each other on the media's time line.

/** A piece on the media's time line. Seconds of media time, wall time in milliseconds. */
export interface Stretch {
  start: number;
  duration: number;
  wall: number;
}

/** Holes in the dates that are shorter than this are rounding and not gaps (milliseconds). */
const rounding = 250;

/** A stretch of wall time without media (milliseconds). */
export interface Hole {
  from: number;
  to: number;
}

const wallEnd = (s: Stretch) => s.wall + s.duration * 1000;

/** The wall time at a media time, or null if there is no media at all. */
export function wallAt(stretches: readonly Stretch[], time: number): number | null {
  const found = lastWhere(stretches, (s) => s.start <= time) ?? stretches[0];
  if (!found) return null;
  return found.wall + Math.min(Math.max(time - found.start, 0), found.duration) * 1000;
}

/** Where a moment is on the media's time line. */
export interface Found {
  /** Media time in seconds. */
  time: number;
  /** The moment is in this gap, and `time` is the first picture after it. */
  hole: Hole | null;
}

/** Where a moment is: in a gap, the first picture after it; null if there is none at or after it. */
export function mediaAt(stretches: readonly Stretch[], wall: number): Found | null {
  const here = lastWhere(stretches, (s) => s.wall <= wall);
  if (here && wall < wallEnd(here)) return { time: here.start + (wall - here.wall) / 1000, hole: null };
  const after = here ? stretches[stretches.indexOf(here) + 1] : stretches[0];
  if (!after) return null;
  const from = here ? wallEnd(here) : wall;
  const isGap = after.wall - from > rounding || (!here && after.wall - wall > rounding);
  return { time: after.start, hole: isGap ? { from, to: after.wall } : null };
}

/** The gap that begins at the end of what stands at a media time, if the next piece is not recorded on. */
export function holesBetween(stretches: readonly Stretch[], fromWall: number, toWall: number): Hole[] {
  const holes: Hole[] = [];
  for (let i = 1; i < stretches.length; i++) {
    const [before, after] = [stretches[i - 1], stretches[i]];
    if (!before || !after) continue;
    const hole = { from: wallEnd(before), to: after.wall };
    if (hole.to - hole.from > rounding && hole.from >= fromWall - rounding && hole.to <= toWall + rounding)
      holes.push(hole);
  }
  return holes;
}

/** By bisection: stretches are in order, and an hour of them is asked ten times a second. */
function lastWhere(stretches: readonly Stretch[], holds: (s: Stretch) => boolean): Stretch | undefined {
  let [low, high] = [0, stretches.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const s = stretches[middle];
    if (s && holds(s)) low = middle + 1;
    else high = middle;
  }
  return stretches[low - 1];
}

// The arithmetic of the time line: moments to places on the screen and back, zoom, and where the clock is written.
import { clock, offsetAt } from '$lib/time/zone';

/** The shortest and longest time that can be in view (milliseconds). */
export const shortest = 2 * 60_000;
/** See `shortest`. */
export const longest = 24 * 3_600_000;

/** What is in view, in milliseconds since the Unix epoch. */
export interface View {
  from: number;
  to: number;
}

/** The place of a moment on a line of so many pixels. */
export function placeOf(moment: number, view: View, width: number): number {
  return ((moment - view.from) / (view.to - view.from)) * width;
}

/** The moment at a place. */
export function momentAt(x: number, view: View, width: number): number {
  return view.from + (x / width) * (view.to - view.from);
}

/** Zooms so that the moment `around` stays where it is; `factor` under 1 shows less time, larger. */
export function zoomed(view: View, factor: number, around: number): View {
  const length = view.to - view.from;
  const wanted = Math.min(longest, Math.max(shortest, length * factor));
  const share = (around - view.from) / length;
  const from = around - share * wanted;
  return { from, to: from + wanted };
}

/** Moves by a share of what is in view: 0.5 is half of it later. */
export function moved(view: View, share: number): View {
  const by = (view.to - view.from) * share;
  return { from: view.from + by, to: view.to + by };
}

/** The same length with a moment at a share of it: 0.5 is the middle. */
export function around(view: View, moment: number, share = 0.5): View {
  const length = view.to - view.from;
  return { from: moment - length * share, to: moment + length * (1 - share) };
}

const s = 1000;
const min = 60 * s;
const h = 60 * min;
const steps = [5 * s, 10 * s, 15 * s, 30 * s, min, 2 * min, 5 * min, 10 * min, 15 * min, 30 * min, h, 2 * h, 3 * h, 6 * h];

/** A moment whose time is written on the line. */
export interface Tick {
  at: number;
  label: string;
}

/** Round times of day of the zone, at least `apart` pixels from each other. */
export function ticks(view: View, width: number, zone: string, apart = 90): Tick[] {
  const most = Math.max(1, width / apart);
  const step = steps.find((each) => (view.to - view.from) / each <= most) ?? 12 * h;
  const ahead = offsetAt(view.from, zone);
  const found: Tick[] = [];
  for (let at = Math.ceil((view.from + ahead) / step) * step - ahead; at < view.to; at += step)
    found.push({ at, label: step < min ? clock(at, zone) : clock(at, zone).slice(0, 5) });
  return found;
}

/** How far apart moments are whose small pictures are asked for: round, so that they are found in the cache. */
export function thumbStep(view: View): number {
  const rounded = [2 * s, 10 * s, 30 * s, min, 2 * min, 5 * min];
  const wanted = (view.to - view.from) / 400;
  return rounded.find((each) => each >= wanted) ?? 5 * min;
}

/** The moment whose small picture stands for a moment. */
export function thumbMoment(moment: number, view: View): number {
  const step = thumbStep(view);
  return Math.floor(moment / step) * step;
}

/** The path of a curve; holes in it where a value is null. Values from `low` to `high` fill the height. */
export function curvePath(
  values: readonly (number | null)[],
  place: (index: number) => number,
  height: number,
  low: number,
  high: number,
): string {
  let path = '';
  let pen = false;
  values.forEach((value, index) => {
    if (value === null) {
      pen = false;
      return;
    }
    const share = Math.min(1, Math.max(0, (value - low) / (high - low)));
    path += `${pen ? 'L' : 'M'}${place(index).toFixed(1)} ${((1 - share) * height).toFixed(1)}`;
    pen = true;
  });
  return path;
}

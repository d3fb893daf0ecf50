// What another threshold would have done to the incidents that were closed, and the line that sets it.
import type { Measure, RuleReport } from '$lib/api/rules';
import { numeral } from '$lib/words/quantity';
import { isWord, word } from '$lib/words/words.svelte';

/** What a threshold does: false alarms that it avoids, and real ones that it keeps. */
export interface Effect {
  avoids: number;
  falseAlarms: number;
  keeps: number;
  real: number;
}

type Judged = Pick<RuleReport, 'incidents' | 'measure'>;

/** Whether a peak is flagged. */
export function isFlagged(peak: number, threshold: number, raising: boolean): boolean {
  return raising ? peak >= threshold : peak <= threshold;
}

/** The effect of a threshold on what was closed as real or as a false alarm; what was not measured does not count. */
export function effectOf({ incidents, measure }: Judged, threshold: number): Effect {
  const raising = measure?.raising ?? true;
  const peaks = (outcome: string) => incidents.flatMap((one) => (one.outcome === outcome && one.peak !== null ? [one.peak] : []));
  const flagged = (all: number[]) => all.filter((peak) => isFlagged(peak, threshold, raising)).length;
  const [wrong, real] = [peaks('false-alarm'), peaks('real')];
  return { avoids: wrong.length - flagged(wrong), falseAlarms: wrong.length, keeps: flagged(real), real: real.length };
}

/** What a slider for the threshold goes through: all peaks and the threshold itself, with room on both sides. */
export function scaleOf({ incidents, measure }: Judged): { low: number; high: number; step: number } {
  const values = [...incidents.flatMap(({ peak }) => (peak === null ? [] : [peak])), measure?.threshold ?? 0];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const step = stepOf(most - least, measure?.unit ?? '');
  const room = Math.max((most - least) * 0.1, 2 * step);
  const round = (value: number) => Number((Math.round(value / step) * step).toFixed(4));
  // Nothing that is counted in these units is negative, except levels, whose peaks are.
  const low = round(least - room);
  return { low: least >= 0 ? Math.max(0, low) : low, high: round(most + room), step };
}

function stepOf(range: number, unit: string): number {
  if (unit === 'people') return 1;
  const fine = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60];
  return fine.find((step) => range / step <= 100) ?? 60;
}

/** False alarms a week. */
export const perWeek = (count: number, days: number): number => (count / Math.max(1, days)) * 7;

/** A threshold as people read it: `12 dB`. */
export function inUnit(value: number, { unit }: Pick<Measure, 'unit'>): string {
  const key = `rules.unit-${unit}`;
  const name = isWord(key) ? word(key) : unit;
  return `${numeral(value, 2)} ${name}`.trim();
}

/** The line of the configuration file, in its own words and units: whole people, lengths of time with their unit. */
export function configLine({ config_key, config_scale, unit }: Measure, threshold: number): string {
  if (unit === 's') return `${config_key} = "${Math.round(threshold)}s"`;
  if (unit === 'people') return `${config_key} = ${Math.ceil(threshold)}`;
  return `${config_key} = ${Number((threshold * config_scale).toFixed(4))}`;
}

/** The rules that are wrong most often first. */
export function worstFirst(rules: readonly RuleReport[]): RuleReport[] {
  return [...rules].sort(
    (a, b) => perWeek(b.closed.false_alarm, b.days) - perWeek(a.closed.false_alarm, a.days) || a.rule.localeCompare(b.rule),
  );
}

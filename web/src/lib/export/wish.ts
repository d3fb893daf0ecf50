// Which recordings are meant: of which cameras, from when to when, with what beside them. And what is wrong with that,
// before the service is asked.
import { momentOnDate, parseTimeOfDay, type TimeOfDay } from '$lib/time/time_of_day';
import { clock, date, dateField, isoInZone } from '$lib/time/zone';
import { word, type WordKey } from '$lib/words/words.svelte';

/** The most that a reason may have. */
export const longestReason = 500;
/** Of so many moments stills can be asked for. */
export const mostStills = 100;

/** Recordings of some cameras; a moment is null while what is written is none. */
export interface Footage {
  cameras: string[];
  from: number | null;
  to: number | null;
}

/** What goes into a package beside films, stills and incidents. */
export interface Extras {
  wav: boolean;
  originals: boolean;
  /** Content credentials in each film. */
  c2pa: boolean;
}

/** The moments of which stills are asked for. */
export interface Stills {
  /** In order, each once. */
  moments: number[];
  /** A time of day that is typed and not added yet. */
  typed: string;
}

/** What somebody asked for beside the rest, and of how many moments stills, as words; none if nothing. */
export function extrasInWords({ wav, originals, c2pa }: Extras, stills: number): string[] {
  return [
    ...(wav ? [word('export.with-wav')] : []),
    ...(originals ? [word('export.with-originals')] : []),
    ...(c2pa ? [word('export.with-c2pa')] : []),
    ...(stills > 0 ? [word('export.with-stills', { count: stills })] : []),
  ];
}

/** What is wrong with it, or null. */
export function faultOf({ cameras, from, to }: Footage, now: number): WordKey | null {
  if (cameras.length === 0) return 'export.choose-camera';
  if (from === null || to === null) return 'player.bad-time';
  if (from >= to) return 'export.bad-range';
  return from > now ? 'export.in-future' : null;
}

/** Whether the recordings that are meant have this moment: their end is the moment after the last. */
export function has({ from, to }: Footage, moment: number): boolean {
  return from !== null && to !== null && from <= moment && moment < to;
}

/** The stills with the one that is typed; as they were where it cannot be added, and why. */
export function withTyped(stills: Stills, footage: Footage, zone: string): { stills: Stills; fault: WordKey | null } {
  const but = (fault: WordKey) => ({ stills, fault });
  const time = parseTimeOfDay(stills.typed);
  if (time === null) return but('player.bad-time');
  if (footage.from === null || footage.to === null) return but('export.still-no-range');
  const moment = momentIn(footage, time, zone);
  if (moment === null) return but('export.still-outside');
  if (stills.moments.includes(moment)) return but('export.still-twice');
  if (stills.moments.length >= mostStills) return but('export.stills-full');
  return { stills: { moments: [...stills.moments, moment].sort((a, b) => a - b), typed: '' }, fault: null };
}

/** The moment of a time of day: no package is longer than a day, so it is on the first day or on the last. */
function momentIn(footage: Footage, time: TimeOfDay, zone: string): number | null {
  const days = [footage.from, footage.to].map((end) => (end === null ? '' : dateField(end, zone)));
  const moments = days.map((day) => momentOnDate(time, day, zone));
  return moments.find((moment) => moment !== null && has(footage, moment)) ?? null;
}

/** What is wrong with the stills, or null: the range may be another since they were added. */
export function faultOfStills({ moments, typed }: Stills, footage: Footage): WordKey | null {
  // Who typed a time wants that still, and would miss it in the package.
  if (typed.trim() !== '') return 'export.still-not-added';
  return moments.every((moment) => has(footage, moment)) ? null : 'export.stills-outside';
}

/** The time of a still, with the day where it is not the first, and to the millisecond where that was typed. */
export function stillInWords(moment: number, { from }: Footage, zone: string): string {
  const time = clock(moment, zone, moment % 1000 !== 0);
  return date(moment, zone) === date(from ?? moment, zone) ? time : `${date(moment, zone)} ${time}`;
}

/** The end of a day in the zone of the centre, for a hold that lasts until that day is over; null if it is no day. */
export function endOfDay(day: string, zone: string): number | null {
  const noon = Date.parse(`${day}T12:00:00Z`);
  if (!Number.isFinite(noon)) return null;
  const offset = isoInZone(noon, zone).slice(-6);
  return Date.parse(`${day}T23:59:59.999${offset}`);
}

/** Cameras, day and times as people read them; the second day only where it is another. */
export function footageInWords(cameras: readonly string[], from: string, to: string, zone: string): string {
  const [begin, end] = [Date.parse(from), Date.parse(to)];
  const isSameDay = date(begin, zone) === date(end, zone);
  return word('export.what', {
    cameras: cameras.join(', '),
    from: `${date(begin, zone)} ${clock(begin, zone)}`,
    to: isSameDay ? clock(end, zone) : `${date(end, zone)} ${clock(end, zone)}`,
  });
}

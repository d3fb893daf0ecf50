// Which recordings are meant: of which cameras, from when to when. And what is wrong with that, before the service is asked.
import { clock, date, isoInZone } from '$lib/time/zone';
import { word, type WordKey } from '$lib/words/words.svelte';

/** The most that a reason may have. */
export const longestReason = 500;

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
}

/** What somebody asked for beside the rest, as words; none if nothing. */
export function extrasInWords({ wav, originals }: Extras): string[] {
  return [...(wav ? [word('export.with-wav')] : []), ...(originals ? [word('export.with-originals')] : [])];
}

/** What is wrong with it, or null. */
export function faultOf({ cameras, from, to }: Footage, now: number): WordKey | null {
  if (cameras.length === 0) return 'export.choose-camera';
  if (from === null || to === null) return 'player.bad-time';
  if (from >= to) return 'export.bad-range';
  return from > now ? 'export.in-future' : null;
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

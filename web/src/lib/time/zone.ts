// Wall time as the people of the centre read it: moments (milliseconds since the Unix epoch) to and from
// dates and times of day in the centre's time zone, whatever zone the browser is in.

/** The zone until the service has named another. */
export const defaultZone = 'Asia/Ho_Chi_Minh';

/** A date and time of day in some zone; `ms` is 0 to 999. */
export interface Parts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  ms: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string): Intl.DateTimeFormat {
  let found = formats.get(zone);
  if (!found) {
    found = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formats.set(zone, found);
  }
  return found;
}

/** What clock and calendar of the zone say at a moment. */
export function partsAt(moment: number, zone: string): Parts {
  const found: Record<string, number> = {};
  for (const { type, value } of format(zone).formatToParts(moment)) found[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = found;
  return { year, month, day, hour, minute, second, ms: ((Math.floor(moment) % 1000) + 1000) % 1000 };
}

/** How far the zone is ahead of UTC at a moment, in milliseconds. */
export function offsetAt(moment: number, zone: string): number {
  const p = partsAt(moment, zone);
  return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second, p.ms) - Math.floor(moment);
}

/** The moment at which clock and calendar of the zone say this. */
export function momentOf(p: Parts, zone: string): number {
  const utc = Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second, p.ms);
  // Twice, because the offset belongs to the moment and not to its UTC reading.
  const near = utc - offsetAt(utc, zone);
  return utc - offsetAt(near, zone);
}

const two = (n: number) => String(n).padStart(2, '0');

/** `09:10:30`, or `09:10:30.120` with milliseconds. */
export function clock(moment: number, zone: string, withMs = false): string {
  const p = partsAt(moment, zone);
  const time = `${two(p.hour)}:${two(p.minute)}:${two(p.second)}`;
  return withMs ? `${time}.${String(p.ms).padStart(3, '0')}` : time;
}

/** `2026-11-27`, the value of a date field. */
export function dateField(moment: number, zone: string): string {
  const p = partsAt(moment, zone);
  return `${String(p.year).padStart(4, '0')}-${two(p.month)}-${two(p.day)}`;
}

/** `27/11/2026`, as dates are written in Vietnam. */
export function date(moment: number, zone: string): string {
  const p = partsAt(moment, zone);
  return `${two(p.day)}/${two(p.month)}/${p.year}`;
}

/** Time of day, with the date before it where that is not today's. */
export function clockNear(moment: number, now: number, zone: string): string {
  const time = clock(moment, zone);
  return date(moment, zone) === date(now, zone) ? time : `${date(moment, zone)} ${time}`;
}

/** The same without seconds, for lists. */
export function minuteNear(moment: number, now: number, zone: string): string {
  return clockNear(moment, now, zone).slice(0, -3);
}

/** `2026-11-27T09:10:00+07:00`: readable in an address, and exact. Milliseconds only where there are some. */
export function isoInZone(moment: number, zone: string): string {
  const minutes = Math.round(offsetAt(moment, zone) / 60_000);
  const sign = minutes < 0 ? '-' : '+';
  const ahead = Math.abs(minutes);
  const hasMs = Math.floor(moment) % 1000 !== 0;
  const offset = `${sign}${two(Math.floor(ahead / 60))}:${two(ahead % 60)}`;
  return `${dateField(moment, zone)}T${clock(moment, zone, hasMs)}${offset}`;
}

/** Midnight of the day of a moment. */
export function startOfDay(moment: number, zone: string): number {
  return momentOf({ ...partsAt(moment, zone), hour: 0, minute: 0, second: 0, ms: 0 }, zone);
}

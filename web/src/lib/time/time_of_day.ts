// Reads a time of day as people type it: `9:10`, `09:10:30`, `9h10`, `910`, `9 10 30.5`.
import { momentOf, partsAt } from './zone';

/** A time of day; `second` may have a fraction. */
export interface TimeOfDay {
  hour: number;
  minute: number;
  second: number;
}

/** What was typed as a time of day, or null if it is none. */
export function parseTimeOfDay(typed: string): TimeOfDay | null {
  const text = typed.trim().toLowerCase().replace(',', '.');
  const spaced = /^(\d{1,2})(?:[:h. ]+(\d{1,2})(?:[:mp ]+(\d{1,2}(?:\.\d{1,3})?)s?)?)?[hmp]?$/.exec(text);
  const packed = /^(\d{1,2})(\d{2})(\d{2})?$/.exec(text);
  const found = spaced ?? packed;
  if (!found) return null;
  const [hour, minute, second] = [Number(found[1]), Number(found[2] ?? 0), Number(found[3] ?? 0)];
  return hour < 24 && minute < 60 && second < 60 ? { hour, minute, second } : null;
}

/** The moment of a time of day on a date (`2026-11-27`) in a zone, or null if the date is none. */
export function momentOnDate(time: TimeOfDay, day: string, zone: string): number | null {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  if (!found) return null;
  const second = Math.floor(time.second);
  const ms = Math.round((time.second - second) * 1000);
  const wanted = { year: Number(found[1]), month: Number(found[2]), day: Number(found[3]) };
  const moment = momentOf({ ...wanted, hour: time.hour, minute: time.minute, second, ms }, zone);
  // 30 February would quietly be 2 March.
  const got = partsAt(moment, zone);
  return got.day === wanted.day && got.month === wanted.month ? moment : null;
}

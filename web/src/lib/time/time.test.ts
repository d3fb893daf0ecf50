import { expect, test } from 'vitest';
import { momentOnDate, parseTimeOfDay } from './time_of_day';
import { clock, clockNear, date, dateField, isoInZone, momentOf, partsAt, startOfDay } from './zone';

const zone = 'Asia/Ho_Chi_Minh';
const ten_past_nine = Date.parse('2026-11-27T09:10:00+07:00');

test('a moment is shown as the centre reads it', () => {
  expect(clock(ten_past_nine + 30_120, zone)).toBe('09:10:30');
  expect(clock(ten_past_nine + 30_120, zone, true)).toBe('09:10:30.120');
  expect(date(ten_past_nine, zone)).toBe('27/11/2026');
  expect(dateField(ten_past_nine, zone)).toBe('2026-11-27');
});

test('a day begins at the midnight of the centre', () => {
  expect(startOfDay(ten_past_nine, zone)).toBe(Date.parse('2026-11-27T00:00:00+07:00'));
  expect(startOfDay(Date.parse('2026-11-26T17:30:00Z'), zone)).toBe(Date.parse('2026-11-26T17:00:00Z'));
});

test('an address carries the moment exactly', () => {
  expect(isoInZone(ten_past_nine, zone)).toBe('2026-11-27T09:10:00+07:00');
  expect(Date.parse(isoInZone(ten_past_nine + 7, zone))).toBe(ten_past_nine + 7);
});

test('parts and moments belong together in a zone with summer time', () => {
  for (const at of ['2026-03-29T00:59:59Z', '2026-03-29T01:00:00Z', '2026-10-25T12:00:00Z']) {
    const moment = Date.parse(at);
    expect(momentOf(partsAt(moment, 'Europe/Berlin'), 'Europe/Berlin')).toBe(moment);
  }
});

test('the date is said only where it is not the day of the other moment', () => {
  expect(clockNear(ten_past_nine, ten_past_nine + 60_000, zone)).toBe('09:10:00');
  expect(clockNear(ten_past_nine, ten_past_nine + 86_400_000, zone)).toBe('27/11/2026 09:10:00');
});

test('times of day are read as people type them', () => {
  const ten_past = { hour: 9, minute: 10, second: 0 };
  for (const typed of ['9:10', '09:10', ' 9h10 ', '910', '0910', '9 10', '9.10', '9:10:00', '091000'])
    expect(parseTimeOfDay(typed), typed).toEqual(ten_past);
  expect(parseTimeOfDay('09:10:30')).toEqual({ hour: 9, minute: 10, second: 30 });
  expect(parseTimeOfDay('9:10:30.25')).toEqual({ hour: 9, minute: 10, second: 30.25 });
  expect(parseTimeOfDay('9h')).toEqual({ hour: 9, minute: 0, second: 0 });
});

test('what is no time of day is refused', () => {
  for (const typed of ['', 'soon', '24:00', '9:60', '9:10:60', '1:2:3:4', '-1:00'])
    expect(parseTimeOfDay(typed), typed).toBeNull();
});

test('a time of day on a date is a moment in the zone of the centre', () => {
  expect(momentOnDate({ hour: 9, minute: 10, second: 0 }, '2026-11-27', zone)).toBe(ten_past_nine);
  expect(momentOnDate({ hour: 9, minute: 10, second: 0 }, '2026-02-30', zone)).toBeNull();
  expect(momentOnDate({ hour: 9, minute: 10, second: 0 }, 'today', zone)).toBeNull();
});

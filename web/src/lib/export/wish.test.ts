import { expect, test } from 'vitest';
import { endOfDay, extrasInWords, faultOf, faultOfStills, footageInWords, type Footage } from './wish';
import { mostStills, stillInWords, withTyped } from './wish';

const zone = 'Asia/Ho_Chi_Minh';
const nine = Date.parse('2026-11-27T09:00:00+07:00');
const now = nine + 3_600_000;
const hour = { cameras: ['a'], from: nine, to: now };
/** What comes of a typed time of day, where these moments are there. */
const typing = (typed: string, moments: number[] = [], footage: Footage = hour) =>
  withTyped({ moments, typed }, footage, zone);

test('what cannot be meant is said before the service is asked', () => {
  expect(faultOf({ cameras: [], from: nine, to: now }, now)).toBe('export.choose-camera');
  expect(faultOf({ cameras: ['a'], from: null, to: now }, now)).toBe('player.bad-time');
  expect(faultOf({ cameras: ['a'], from: nine, to: nine }, now)).toBe('export.bad-range');
  expect(faultOf({ cameras: ['a'], from: now + 1000, to: now + 2000 }, now)).toBe('export.in-future');
  expect(faultOf({ cameras: ['a'], from: nine, to: now }, now)).toBeNull();
});

test('a hold until a day lasts until that day is over at the centre', () => {
  expect(endOfDay('2026-12-31', zone)).toBe(Date.parse('2026-12-31T23:59:59.999+07:00'));
  expect(endOfDay('', zone)).toBeNull();
});

test('recordings are told with the day once', () => {
  const [from, to] = ['2026-11-27T02:00:00Z', '2026-11-27T02:10:00Z'];
  expect(footageInWords(['Quầy 1', 'Quầy 2'], from, to, zone)).toBe('Quầy 1, Quầy 2, 27/11/2026 09:00:00 – 09:10:00');
  expect(footageInWords(['Quầy 1'], from, '2026-11-28T02:00:00Z', zone)).toBe(
    'Quầy 1, 27/11/2026 09:00:00 – 28/11/2026 09:00:00',
  );
});

test('what was asked for beside the rest is told, and nothing where nothing was', () => {
  expect(extrasInWords({ wav: false, originals: false, c2pa: false }, 0)).toEqual([]);
  expect(extrasInWords({ wav: true, originals: true, c2pa: true }, 2)).toEqual([
    'có tệp tiếng WAV',
    'có tệp gốc',
    'có thông tin nguồn gốc C2PA',
    'thêm ảnh ở 2 thời điểm',
  ]);
});

test('a typed time of day becomes a moment in its place among the others, and the field is empty again', () => {
  const stills = { moments: [nine, nine + 600_000, nine + 1_200_000], typed: '' };
  expect(typing('9h10', [nine, nine + 1_200_000])).toEqual({ stills, fault: null });
});

test('the first moment of the range may be a still, and its end may not', () => {
  expect(typing('9:00').stills.moments).toEqual([nine]);
  expect(typing('9:59:59.999').stills.moments).toEqual([now - 1]);
  expect(typing('10:00').fault).toBe('export.still-outside');
  expect(typing('8:59').fault).toBe('export.still-outside');
});

test('after midnight a time of day is on the second day of the range', () => {
  const night = { cameras: ['a'], from: nine + 14 * 3_600_000, to: nine + 16 * 3_600_000 };
  expect(typing('23:30', [], night).stills.moments).toEqual([Date.parse('2026-11-27T23:30:00+07:00')]);
  expect(typing('0:30', [], night).stills.moments).toEqual([Date.parse('2026-11-28T00:30:00+07:00')]);
});

test('what cannot be added is told, and stays typed beside what is there', () => {
  expect(typing('9:10', [nine + 600_000]).fault).toBe('export.still-twice');
  expect(typing('gì đó', [nine])).toEqual({ stills: { moments: [nine], typed: 'gì đó' }, fault: 'player.bad-time' });
  expect(typing('9:10', [], { ...hour, to: null }).fault).toBe('export.still-no-range');
  const many = Array.from({ length: mostStills }, (_, at) => nine + at * 1000);
  expect(typing('9:30', many.slice(1)).fault).toBeNull();
  expect(typing('9:30', many).fault).toBe('export.stills-full');
});

test('stills that a changed range leaves out are told, and so is a time that was typed and not added', () => {
  const moments = [nine, nine + 600_000];
  expect(faultOfStills({ moments, typed: '' }, hour)).toBeNull();
  expect(faultOfStills({ moments, typed: '' }, { ...hour, to: nine + 600_000 })).toBe('export.stills-outside');
  expect(faultOfStills({ moments, typed: '' }, { ...hour, from: nine + 1 })).toBe('export.stills-outside');
  expect(faultOfStills({ moments: [], typed: '9:10' }, hour)).toBe('export.still-not-added');
  expect(faultOfStills({ moments: [], typed: ' ' }, hour)).toBeNull();
});

test('a still is told by its time, with the day where it is another and no less exactly than it was typed', () => {
  expect(stillInWords(nine, hour, zone)).toBe('09:00:00');
  expect(stillInWords(nine + 250, hour, zone)).toBe('09:00:00.250');
  expect(stillInWords(nine + 86_400_000, hour, zone)).toBe('28/11/2026 09:00:00');
});

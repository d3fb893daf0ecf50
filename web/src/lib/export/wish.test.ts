import { expect, test } from 'vitest';
import { endOfDay, extrasInWords, faultOf, footageInWords } from './wish';

const zone = 'Asia/Ho_Chi_Minh';
const nine = Date.parse('2026-11-27T09:00:00+07:00');
const now = nine + 3_600_000;

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
  expect(extrasInWords({ wav: false, originals: false })).toEqual([]);
  expect(extrasInWords({ wav: true, originals: true })).toEqual(['có tệp tiếng WAV', 'có tệp gốc']);
});

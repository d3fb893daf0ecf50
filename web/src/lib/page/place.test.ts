import { expect, test } from 'vitest';
import { readPlace, writePlace } from './place';

const zone = 'Asia/Ho_Chi_Minh';
const at = Date.parse('2026-11-27T09:10:00+07:00');
const read = (query: string) => readPlace(new URLSearchParams(query));

test('without a query all cameras are shown', () => {
  expect(read('')).toEqual({ camera: null, at: null, stream: 'main' });
  expect(writePlace(read(''), zone)).toBe('');
});

test('a link to a moment is understood with its plus sign written either way', () => {
  const wanted = { camera: 'counter-1', at, stream: 'main' };
  expect(read('camera=counter-1&at=2026-11-27T09:10:00%2B07:00')).toEqual(wanted);
  expect(read('camera=counter-1&at=2026-11-27T09:10:00+07:00')).toEqual(wanted);
});

test('an address leads back to the same place', () => {
  const place = { camera: 'counter-1', at, stream: 'sub' as const };
  expect(writePlace(place, zone)).toBe('?camera=counter-1&at=2026-11-27T09:10:00%2B07:00&stream=sub');
  expect(read(writePlace(place, zone))).toEqual(place);
});

test('a moment that is none is live', () => {
  expect(read('camera=counter-1&at=yesterday').at).toBeNull();
});

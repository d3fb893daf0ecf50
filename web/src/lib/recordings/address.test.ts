import { expect, test } from 'vitest';
import { readLooking, writeLooking } from './address';

const zone = 'Asia/Ho_Chi_Minh';
const at = Date.parse('2026-11-27T09:10:00+07:00');

test('an address names several cameras and a moment, and is read as it was written', () => {
  const looking = { cameras: ['counter-1', 'gate'], at, stream: 'sub' as const };
  const query = writeLooking(looking, zone);
  expect(query).toBe('?camera=counter-1&at=2026-11-27T09:10:00%2B07:00&camera=gate');
  expect(readLooking(new URLSearchParams(query))).toEqual(looking);
});

test('one camera is shown sharp and several are shown light, unless somebody chose', () => {
  expect(readLooking(new URLSearchParams('camera=a')).stream).toBe('main');
  expect(readLooking(new URLSearchParams('camera=a&camera=b')).stream).toBe('sub');
  const chosen = { cameras: ['a', 'b'], at: null, stream: 'main' as const };
  expect(readLooking(new URLSearchParams(writeLooking(chosen, zone)))).toEqual(chosen);
});

test('a camera that is named twice is shown once, and no camera is no query', () => {
  expect(readLooking(new URLSearchParams('camera=a&camera=a&camera=')).cameras).toEqual(['a']);
  expect(writeLooking({ cameras: [], at, stream: 'main' }, zone)).toBe('');
});

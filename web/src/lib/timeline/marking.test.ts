import { expect, test } from 'vitest';
import { markedFrom, markedTo } from './marking';

test('one end is enough for a range of a minute', () => {
  expect(markedFrom(null, 100_000)).toEqual({ from: 100_000, to: 160_000 });
  expect(markedTo(null, 100_000)).toEqual({ from: 40_000, to: 100_000 });
});

test('the other end stays where it was, unless it would be on the wrong side', () => {
  expect(markedTo({ from: 100_000, to: 160_000 }, 300_000)).toEqual({ from: 100_000, to: 300_000 });
  expect(markedFrom({ from: 100_000, to: 160_000 }, 150_000)).toEqual({ from: 150_000, to: 160_000 });
  expect(markedFrom({ from: 100_000, to: 160_000 }, 400_000)).toEqual({ from: 400_000, to: 460_000 });
});

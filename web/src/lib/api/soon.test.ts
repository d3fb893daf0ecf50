import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Soon } from './soon';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a wish for later does not put off one for sooner', () => {
  const done = vi.fn();
  const soon = new Soon(done);
  soon.within(250);
  soon.within(60_000);
  vi.advanceTimersByTime(300);
  expect(done).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(60_000);
  expect(done).toHaveBeenCalledTimes(1);
});

test('a wish for sooner replaces one for later', () => {
  const done = vi.fn();
  const soon = new Soon(done);
  soon.within(60_000);
  soon.within(250);
  vi.advanceTimersByTime(300);
  expect(done).toHaveBeenCalledTimes(1);
});

test('what nobody wants is not done', () => {
  const done = vi.fn();
  const soon = new Soon(done);
  soon.within(250);
  soon.never();
  vi.advanceTimersByTime(300);
  expect(done).not.toHaveBeenCalled();
});

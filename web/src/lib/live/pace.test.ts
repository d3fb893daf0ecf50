import { expect, test } from 'vitest';
import { longest_s, Pace, shortest_s } from './pace';

test('nothing plays until enough is there, then close behind the end', () => {
  const pace = new Pace();
  expect(pace.step(0.4, 0)).toEqual({ rate: 0, jumpTo: null });
  expect(pace.step(9, 100)).toEqual({ rate: 1, jumpTo: 1 });
});

test('a picture a little late runs a little faster, one far too late jumps', () => {
  const pace = new Pace();
  pace.step(0.8, 0);
  expect(pace.step(1.6, 2200).rate).toBe(1.05);
  expect(pace.step(2.4, 2400).rate).toBe(1.1);
  expect(pace.step(4.5, 2600).jumpTo).toBeCloseTo(1, 1);
});

test('the rest of the first burst is jumped over', () => {
  const pace = new Pace();
  pace.step(0.8, 0);
  expect(pace.step(2.4, 200).jumpTo).toBeCloseTo(1, 1);
});

test('the saw-tooth of arriving fragments is not taken for lateness', () => {
  const pace = new Pace();
  pace.step(1, 0);
  for (let at = 200; at < 6000; at += 100) expect(pace.step(1 - ((at / 1000) % 0.5), at).rate).toBe(1);
});

test('each stall lets the picture follow less closely, within bounds', () => {
  const pace = new Pace();
  for (let i = 0; i < 20; i++) {
    pace.step(2.6, i * 1000);
    expect(pace.step(0, i * 1000 + 500).rate).toBe(0);
  }
  expect(pace.target).toBe(longest_s);
});

test('quiet time brings it back', () => {
  const pace = new Pace();
  pace.step(1, 0);
  for (let at = 0; at < 600_000; at += 1000) pace.step(0.7, at);
  expect(pace.target).toBe(shortest_s);
});

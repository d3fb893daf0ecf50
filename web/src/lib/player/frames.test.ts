import { expect, test } from 'vitest';
import { Frames } from './frames';

test('the length of a picture is learned from neighbours only', () => {
  const frames = new Frames();
  for (let i = 0; i < 10; i++) frames.shown(10 + i * 0.04, i);
  frames.shown(10.6, 15);
  expect(frames.length).toBeCloseTo(0.04);
});

test('one picture is the middle of its neighbour', () => {
  const frames = new Frames();
  for (let i = 0; i < 10; i++) frames.shown(i * 0.2, i);
  expect(frames.target(1.8, 1)).toBeCloseTo(2.1);
  expect(frames.target(1.8, -1)).toBeCloseTo(1.7);
  expect(frames.target(1.8, -1, 1)).toBeCloseTo(1.5);
  expect(frames.target(0.01, -1)).toBe(0);
});

test('nothing is learned across a seek', () => {
  const frames = new Frames();
  frames.shown(10, 1);
  frames.leap();
  frames.shown(10.5, 2);
  expect(frames.length).toBeCloseTo(1 / 25);
});

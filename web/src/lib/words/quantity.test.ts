import { expect, test } from 'vitest';
import { dataSize, numeral, percent } from './quantity';

test('numbers are written as in Vietnamese', () => {
  expect(numeral(2.44)).toBe('2,4');
  expect(numeral(12_000)).toBe('12.000');
});

test('an amount of data has the unit that makes it small', () => {
  expect(dataSize(0)).toBe('0 B');
  expect(dataSize(14_200_000)).toBe('14 MB');
  expect(dataSize(1_240_000_000)).toBe('1,2 GB');
});

test('nothing is whole before it is', () => {
  expect(percent(0.999)).toBe('99%');
  expect(percent(1)).toBe('100%');
});

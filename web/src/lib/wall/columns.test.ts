import { expect, test } from 'vitest';
import { columnsFor } from './columns';

test('one camera has the wall for itself', () => {
  expect(columnsFor(1, 1240, 760)).toBe(1);
});

test('all cameras are in view where they can be', () => {
  expect(columnsFor(4, 1240, 760)).toBe(2);
  expect(columnsFor(8, 1880, 940)).toBe(4);
  expect(columnsFor(2, 1240, 400)).toBe(2);
});

test('pictures do not get so small that nobody can be seen, and a phone has one column', () => {
  expect(columnsFor(16, 1240, 700)).toBe(4);
  expect(columnsFor(8, 360, 600)).toBe(1);
});

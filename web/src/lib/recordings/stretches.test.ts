import type { Incident } from '$lib/api/incidents';
import type { Span } from '$lib/api/types';
import { expect, test } from 'vitest';
import { lead, nearestIncident, nextStretch } from './stretches';

const nine = Date.parse('2026-11-27T09:00:00+07:00');
const minute = 60_000;
const iso = (ms: number) => new Date(ms).toISOString();
const span = (from: number, to: number) => ({ from: iso(nine + from * minute), to: iso(nine + to * minute) }) as Span;
const incident = (id: string, minutes: number, camera: string | null, also: string[] = []) =>
  ({ id, started_at: iso(nine + minutes * minute), camera, also }) as Incident;

test('pictures begin again behind a gap that all cameras have', () => {
  const spans = [span(0, 10), span(20, 30), span(5, 12)];
  expect(nextStretch(spans, nine + minute)).toBe(nine + 20 * minute);
  expect(nextStretch(spans, nine + 15 * minute)).toBe(nine + 20 * minute);
  expect(nextStretch(spans, nine + 25 * minute)).toBeNull();
});

test('the border of two files is no gap, and what one camera has is no gap either', () => {
  expect(nextStretch([span(0, 10), span(10, 20)], nine)).toBeNull();
  expect(nextStretch([span(0, 10), span(12, 20), span(0, 20)], nine)).toBeNull();
});

test('the next and the last incident of these cameras are found', () => {
  const all = [incident('early', 1, 'a'), incident('late', 9, 'a'), incident('other', 4, 'b'), incident('both', 5, 'b', ['a'])];
  const moment = nine + 3 * minute;
  expect(nearestIncident(all, ['a'], moment, 1)?.id).toBe('both');
  expect(nearestIncident(all, ['a', 'b'], moment, 1)?.id).toBe('other');
  expect(nearestIncident(all, ['a'], moment, -1)?.id).toBe('early');
  expect(nearestIncident(all, ['a'], nine, -1)).toBeNull();
});

test('whoever has just gone to an incident goes on to another with the same key', () => {
  const all = [incident('one', 1, 'a'), incident('two', 2, 'a')];
  const atOne = nine + minute - lead;
  expect(nearestIncident(all, ['a'], atOne, 1)?.id).toBe('two');
  expect(nearestIncident(all, ['a'], atOne + 1000, -1)).toBeNull();
});

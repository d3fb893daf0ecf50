import { expect, test } from 'vitest';
import type { WorkState } from '$lib/api/incidents';
import type { Severity } from '$lib/api/types';
import { grouped, heldNew } from './order';

const one = (id: string, state: WorkState, severity: Severity, minute: number) => ({
  id,
  severity,
  flagged_at: new Date(Date.UTC(2026, 10, 27, 2, minute)).toISOString(),
  work: { state, owner: null, outcome: null, at: null },
});

test('what is new comes first, the gravest of it first, then the newest', () => {
  const all = [
    one('hand', 'in-hand', 'urgent', 50),
    one('old-warning', 'new', 'warning', 10),
    one('warning', 'new', 'warning', 20),
    one('seen', 'seen', 'urgent', 40),
    one('urgent', 'new', 'urgent', 5),
  ];
  const shown = grouped(all).map((group) => [group.state, group.incidents.map((i) => i.id)]);
  expect(shown).toEqual([
    ['new', ['urgent', 'warning', 'old-warning']],
    ['seen', ['seen']],
    ['in-hand', ['hand']],
  ]);
});

test('closed ones stay in the order of time', () => {
  const all = [one('b', 'closed', 'notice', 9), one('a', 'closed', 'urgent', 3)];
  expect(grouped(all)[0]?.incidents.map((i) => i.id)).toEqual(['b', 'a']);
});

test('what was new when it was opened stays where it is', () => {
  const before = [one('a', 'new', 'notice', 1), one('b', 'new', 'notice', 2)];
  const held = heldNew('a', before);
  const after = [one('a', 'seen', 'notice', 1), one('b', 'new', 'notice', 2)];
  expect(grouped(after, held).map((group) => [group.state, group.incidents.map((i) => i.id)])).toEqual([['new', ['b', 'a']]]);
  expect(heldNew('a', after)).toBeNull();
});

import { expect, test } from 'vitest';
import { chainNotice } from './chain';

const at = Date.parse('2026-11-28T05:00:00Z');
const open = (chain_missing: number, chain_open_since: string | null, chain_faults = 0) => ({
  chain_missing,
  chain_open_since,
  chain_faults,
});

test('a chain that is whole, or open for less than three hours, is not worth a line', () => {
  expect(chainNotice(open(0, null), at)).toBeNull();
  expect(chainNotice(open(2, '2026-11-28T02:00:00Z'), at)).toBeNull();
});

test('what is missing for longer is told with its number, and a contradiction before everything else', () => {
  const since = '2026-11-28T01:59:59Z';
  expect(chainNotice(open(2, since), at)).toEqual({ state: 'open', count: 2, since });
  expect(chainNotice(open(2, since, 1), at)).toEqual({ state: 'broken', count: 1 });
});

import { expect, test } from 'vitest';
import { chainNotice } from './chain';

const at = Date.parse('2026-11-28T05:00:00Z');
const chain = (missing: number, open_since: string | null) => ({
  epoch: '0193b3c4-0000-7000-8000-000000000009',
  state: missing > 0 ? ('open' as const) : ('whole' as const),
  documents: 7,
  missing,
  open_since,
  faults: 0,
  last_at: '2026-11-28T04:59:00Z',
});

test('a chain that is whole, or open for less than three hours, is not worth a line', () => {
  expect(chainNotice({ chain: null, chain_faults: 0 }, at)).toBeNull();
  expect(chainNotice({ chain: chain(0, null), chain_faults: 0 }, at)).toBeNull();
  expect(chainNotice({ chain: chain(2, '2026-11-28T02:00:00Z'), chain_faults: 0 }, at)).toBeNull();
});

test('what is missing for longer is told with its number, and a contradiction before everything else', () => {
  const since = '2026-11-28T01:59:59Z';
  expect(chainNotice({ chain: chain(2, since), chain_faults: 0 }, at)).toEqual({ state: 'open', count: 2, since });
  expect(chainNotice({ chain: chain(2, since), chain_faults: 1 }, at)).toEqual({ state: 'broken', count: 1 });
});

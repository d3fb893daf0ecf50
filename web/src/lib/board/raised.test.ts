import { expect, test } from 'vitest';
import type { Severity } from '$lib/api/types';
import { split, type Raisable } from './raised';

const alert = (severity: Severity, minute: number, raised: boolean, by: string | null = null): Raisable => ({
  id: `${severity}-${minute}`,
  severity,
  raised,
  flagged_at: new Date(Date.UTC(2026, 10, 27, 2, minute)).toISOString(),
  acknowledged: by ? { by, at: '2026-11-27T02:30:00.000Z' } : null,
  work: { state: 'new', owner: null, outcome: null, at: null },
});

test('what is raised and nobody has acknowledged comes first, the gravest of it first', () => {
  const [notice, taken, warning, urgent] = [
    alert('notice', 50, false),
    alert('urgent', 40, true, 'hoa'),
    alert('warning', 30, true),
    alert('urgent', 20, true),
  ];
  expect(split([notice, taken, warning, urgent])).toEqual({ waiting: [urgent, warning], others: [notice, taken] });
});

test('what the centre has closed waits for nobody', () => {
  const closed = { ...alert('urgent', 1, true), work: { state: 'closed' as const, owner: null, outcome: null, at: null } };
  expect(split([closed]).waiting).toEqual([]);
});

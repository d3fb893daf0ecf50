import type { Incident } from '$lib/api/incidents';
import { expect, test } from 'vitest';
import { gravestByCamera } from './unseen';

function incident(id: string, more: Partial<Incident>): Incident {
  const work = { state: 'new', owner: null, outcome: null, at: null } as const;
  return { id, severity: 'notice', camera: null, also: [], flagged_at: '2026-11-27T02:00:00Z', work, ...more } as Incident;
}

test('a camera shows the gravest of what nobody looked at', () => {
  const found = gravestByCamera([
    incident('a', { camera: 'one', severity: 'notice', flagged_at: '2026-11-27T02:10:00Z' }),
    incident('b', { camera: 'one', severity: 'urgent' }),
    incident('c', { camera: 'two', severity: 'warning' }),
  ]);
  expect(found.get('one')?.id).toBe('b');
  expect(found.get('two')?.id).toBe('c');
});

test('an incident that several cameras saw is shown at each, and one of the centre at none', () => {
  const found = gravestByCamera([incident('a', { camera: 'one', also: ['two'] }), incident('b', {})]);
  expect([...found.keys()]).toEqual(['one', 'two']);
});

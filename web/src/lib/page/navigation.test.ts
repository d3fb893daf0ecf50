import { expect, test } from 'vitest';
import type { Installation, Right } from '$lib/api/types';
import { destinations } from './navigation';

const goes = (place: Installation, rights: Right[]) =>
  destinations({ place, user: { name: 'lan', full_name: 'Lan', role: 'staff', rights, only: null } }).map((d) => d.href);

test('staff reach what they work with, and nothing else', () => {
  expect(goes('centre', ['live', 'view', 'handle', 'health'])).toEqual(['/', '/wall', '/recordings', '/health', '/notice']);
});

test('one of two rights is enough for exports', () => {
  expect(goes('centre', ['hold'])).toEqual(['/exports', '/notice']);
});

test('a province has no cameras of its own', () => {
  expect(goes('province', ['view', 'handle', 'health'])).toEqual(['/', '/health']);
});

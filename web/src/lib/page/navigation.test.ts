import { expect, test } from 'vitest';
import type { Installation, Right } from '$lib/api/types';
import { closedTo, destinations } from './navigation';

const visitor = (place: Installation, rights: Right[]) =>
  ({ place, user: { name: 'lan', full_name: 'Lan', role: 'staff', rights, only: null } }) as const;
const goes = (place: Installation, rights: Right[]) => destinations(visitor(place, rights)).map((d) => d.href);

test('staff reach what they work with, and nothing else', () => {
  expect(goes('centre', ['live', 'view', 'handle', 'health'])).toEqual(['/', '/wall', '/recordings', '/health', '/notice']);
});

test('one of two rights is enough for exports', () => {
  expect(goes('centre', ['hold'])).toEqual(['/exports', '/notice']);
});

test('a province has no cameras of its own', () => {
  expect(goes('province', ['view', 'handle', 'health'])).toEqual(['/']);
});

test('the address of a page does not open it', () => {
  expect(closedTo(visitor('centre', ['live', 'view']), '/exports')?.word).toBe('app.exports');
  expect(closedTo(visitor('centre', ['export']), '/exports')).toBeNull();
  expect(closedTo(visitor('province', ['health']), '/')?.word).toBe('app.board');
  expect(closedTo(visitor('province', ['live', 'view']), '/wall')?.word).toBe('app.wall');
  expect(closedTo(visitor('centre', []), '/account')).toBeNull();
});

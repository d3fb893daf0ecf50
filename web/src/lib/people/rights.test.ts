import { expect, test } from 'vitest';
import { ownRights, singleOf } from './rights';

test('whoever has exactly the rights of the role has none of their own', () => {
  expect(ownRights('staff', ['view'])).toBeNull();
  expect(ownRights('supervisor', ['delete', 'hold', 'export', 'view'])).toBeNull();
});

test('a right more or less makes a list of their own, with the others of the role', () => {
  expect(ownRights('staff', ['view', 'export'])).toEqual(['live', 'handle', 'health', 'view', 'export']);
  expect(ownRights('viewer', [])).toEqual(['live']);
});

test('the single rights are in the order in which they are shown', () => {
  expect(singleOf(['delete', 'live', 'view'])).toEqual(['view', 'delete']);
});

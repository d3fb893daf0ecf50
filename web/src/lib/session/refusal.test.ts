import { expect, test } from 'vitest';
import { refusal } from './refusal';

test('a password of three words is taken', () => {
  expect(refusal('cu', 'sông gạo trăng', 'sông gạo trăng')).toBeNull();
});

test('letters with marks count as one character, however they were typed', () => {
  expect(refusal('cu', 'ấấấấấấ'.normalize('NFD'), 'ấấấấấấ'.normalize('NFD'))).toBe('session.too-short');
});

test('the old password is not a new one', () => {
  expect(refusal('sông gạo trăng', 'sông gạo trăng', 'sông gạo trăng')).toBe('session.same');
});

test('a slip is noticed, because it was typed twice', () => {
  expect(refusal('cu', 'sông gạo trăng', 'sông gạo trang')).toBe('session.not-again');
});

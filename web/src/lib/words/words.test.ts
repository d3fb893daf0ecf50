import { expect, test } from 'vitest';
import { en } from './en';
import { vi, type WordKey } from './vi';

const keys = Object.keys(vi) as WordKey[];
const fillings = (text: string) => (text.match(/\{\{\w+\}\}/g) ?? []).sort();

test('both languages have the same words', () => {
  expect(Object.keys(en).sort()).toEqual([...keys].sort());
});

test('no word is empty', () => {
  expect(keys.filter((key) => !vi[key].trim() || !en[key].trim())).toEqual([]);
});

test('both languages fill in the same things', () => {
  expect(keys.filter((key) => fillings(vi[key]).join() !== fillings(en[key]).join())).toEqual([]);
});

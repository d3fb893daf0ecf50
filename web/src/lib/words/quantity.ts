// Numbers and amounts of data as the language shown now writes them.
import { language } from './words.svelte';

/** A number with at most so many decimals: `2,4` in Vietnamese. */
export const numeral = (value: number, decimals = 1): string =>
  value.toLocaleString(language(), { maximumFractionDigits: decimals });

/** An amount of data, in the unit that makes it a small number. */
export function dataSize(bytes: number): string {
  const units = ['TB', 'GB', 'MB', 'KB'];
  const sizes = [1e12, 1e9, 1e6, 1e3];
  const at = sizes.findIndex((size) => bytes >= size);
  if (at < 0) return `${Math.round(bytes)} B`;
  const value = bytes / (sizes[at] ?? 1);
  return `${numeral(value, value < 10 ? 1 : 0)} ${units[at]}`;
}

/** A share of one as a percentage, never 100 before it is whole. */
export const percent = (share: number): string => `${Math.floor(Math.min(1, Math.max(0, share)) * 100)}%`;

// Lengths of time in words: two units at most, because nobody reads "1 h 58 min 3.2 s".
import { word } from '$lib/words/words.svelte';

/** A length in milliseconds in words of the language shown now. */
export function lengthInWords(ms: number): string {
  if (ms < 1000) return word('length.ms', { ms: Math.max(0, Math.round(ms)) });
  const s = Math.round(ms / 1000);
  if (s < 60) return word('length.s', { s });
  if (s < 3600) {
    const filling = { min: Math.floor(s / 60), s: s % 60 };
    return filling.s ? word('length.min-s', filling) : word('length.min', filling);
  }
  const minutes = Math.round(s / 60);
  if (minutes < 24 * 60) {
    const filling = { h: Math.floor(minutes / 60), min: minutes % 60 };
    return filling.min ? word('length.h-min', filling) : word('length.h', filling);
  }
  const hours = Math.round(minutes / 60);
  const filling = { d: Math.floor(hours / 24), h: hours % 24 };
  return filling.h ? word('length.d-h', filling) : word('length.d', filling);
}

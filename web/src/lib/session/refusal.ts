// Why a new password will not do, as far as the page can tell before it asks the service.
import type { WordKey } from '$lib/words/words.svelte';

/** The fewest characters of a password. */
export const leastLength = 12;

/** The reason, or null if there is none. */
export function refusal(old: string, wanted: string, again: string): WordKey | null {
  // Counted as people count: a letter with its marks is one.
  if ([...wanted.normalize('NFC')].length < leastLength) return 'session.too-short';
  if (wanted === old) return 'session.same';
  return wanted === again ? null : 'session.not-again';
}

// What a problem means for whoever sits in front of it; what the service itself says of it comes after, for support.
import type { Problem } from '$lib/api/client';
import { isWord, word } from '$lib/words/words.svelte';

/** A problem in words. `detail` is in English, and null where it says no more than the words. */
export interface Told {
  said: string;
  detail: string | null;
}

/** Says it by its stable word, or by its status. */
export function problemInWords({ status, code, detail }: Problem): Told {
  if (status === 0) return { said: word('app.unreachable'), detail: null };
  if (code === 'right') return { said: word('app.no-right'), detail: null };
  for (const key of [`problem.${code}`, `problem.status-${status}`]) if (isWord(key)) return { said: word(key), detail };
  return { said: word('problem.other'), detail };
}

// What somebody did about an incident, in words that follow their name: "nhận xử lý".
import type { Entry } from '$lib/api/incidents';
import { word } from '$lib/words/words.svelte';

/** The deed of an entry; `nameOf` says what people are called. */
export function deed(entry: Entry, nameOf: (who: string) => string): string {
  switch (entry.action) {
    case 'assign':
      return word('incident.did-assign', { owner: entry.owner ? nameOf(entry.owner) : '–' });
    case 'close':
      return entry.outcome
        ? word('incident.did-close', { outcome: word(`incident.outcome-${entry.outcome}`) })
        : word('incident.did-close-plain');
    default:
      return word(`incident.did-${entry.action}`);
  }
}

/** The newest that somebody else did, or null. */
export function lastOfOthers(history: readonly Entry[], me: string | undefined): Entry | null {
  return history.findLast((entry) => entry.who !== me && entry.action !== 'see' && entry.action !== 'comment') ?? null;
}

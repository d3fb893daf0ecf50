// What is said of a place on the time line: the gap that is there, the incident that is marked.
import type { TimelineAnswer, TimelineIncident } from '$lib/api/types';
import { reasonInWords } from '$lib/player/notice';
import { lengthInWords } from '$lib/time/length';
import { clock } from '$lib/time/zone';
import { isWord, word } from '$lib/words/words.svelte';

/** The sentence for the gap at a moment; empty if there is none. */
export function gapInWords(answer: TimelineAnswer, moment: number, zone: string): string {
  const gap = answer.gaps.find(({ from, to }) => Date.parse(from) <= moment && moment < Date.parse(to));
  if (!gap) return '';
  const [from, to] = [Date.parse(gap.from), Date.parse(gap.to)];
  const filling = { from: clock(from, zone), to: clock(to, zone), length: lengthInWords(to - from) };
  return word('message.gap-reason', { ...filling, reason: reasonInWords(gap.reason) });
}

/** What a mark on the line is. */
export function incidentInWords({ kind, severity, started_at }: TimelineIncident, zone: string): string {
  const key = `kind.${kind}`;
  const known = isWord(key) ? word(key) : word('kind.other', { kind });
  return word('incident.at', { severity: word(`severity.${severity}`), kind: known, time: clock(Date.parse(started_at), zone) });
}

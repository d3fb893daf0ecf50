// How long ago something was, as people say it: roughly.
import { word } from '$lib/words/words.svelte';

/** How long before `now` a moment was. */
export function ago(moment: number, now: number): string {
  const minutes = Math.floor((now - moment) / 60_000);
  if (minutes < 1) return word('length.just-now');
  if (minutes < 60) return word('length.min-ago', { min: minutes });
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? word('length.h-ago', { h: hours }) : word('length.d-ago', { d: Math.floor(hours / 24) });
}

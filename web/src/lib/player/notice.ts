// What the player has to say to the people in front of it, and the sentence for it in the language shown now.
import type { CameraState } from '$lib/api/types';
import { lengthInWords } from '$lib/time/length';
import { clockNear } from '$lib/time/zone';
import { isWord, word, type WordKey } from '$lib/words/words.svelte';

/** Something to say. Moments in milliseconds since the Unix epoch. */
export type Notice =
  | { about: 'gap'; from: number; to: number; reason: string | null }
  | { about: 'damaged'; moment: number }
  | { about: 'h265' | 'h265-sub' | 'end' | 'future' | 'unreachable' }
  | { about: 'nothing' | 'nothing-after'; moment: number }
  | { about: 'away'; state: CameraState; since: number }
  | { about: 'problem'; detail: string };

/** The sentence. `now` and `zone` decide how moments are written. */
export function sentence(notice: Notice, now: number, zone: string): string {
  const time = (moment: number) => clockNear(moment, now, zone);
  switch (notice.about) {
    case 'gap': {
      const { from, to, reason } = notice;
      const filling = { from: time(from), to: time(to), length: lengthInWords(to - from) };
      return reason === null
        ? word('message.gap', filling)
        : word('message.gap-reason', { ...filling, reason: reasonInWords(reason) });
    }
    case 'damaged':
      return word('message.damaged', { time: time(notice.moment) });
    case 'nothing':
    case 'nothing-after':
      return word(`message.${notice.about}`, { time: time(notice.moment) });
    case 'away':
      return word('camera.since', { state: stateInWords(notice.state), time: time(notice.since) });
    case 'problem':
      return word('app.other-fault', { detail: notice.detail });
    case 'unreachable':
      return word('app.unreachable');
    default:
      return word(`message.${notice.about}`);
  }
}

/** Why nothing was recorded, in words; a reason that these pages do not know is "not known". */
export function reasonInWords(reason: string | null): string {
  const key = `gap.${reason}`;
  return word(isWord(key) ? key : 'gap.unknown');
}

/** How a camera stands, in words. */
export function stateInWords(state: CameraState): string {
  const key: WordKey = `camera.${state}`;
  return word(isWord(key) ? key : 'camera.lost');
}

// What is known of a stream's recordings around the moment that is played: format, sound, gaps with reasons,
// and where the next picture is. Asked of the time line, and kept for what was asked already.
import { timeline, type Range } from '$lib/api/footage';
import type { Gap, Span, StreamName } from '$lib/api/types';

interface Known<T> {
  from: number;
  to: number;
  is: T;
}

const day = 86_400_000;

/** Where a moment without pictures stands, in milliseconds, and why. */
export interface KnownGap extends Range {
  reason: string | null;
}

/** The recordings of one stream, as far as somebody asked. */
export class Archive {
  #spans: Known<Span>[] = [];
  #gaps: Known<Gap>[] = [];

  constructor(
    readonly camera: string,
    readonly stream: StreamName,
  ) {}

  /** Learns about a range. */
  async learn(range: Range, signal?: AbortSignal): Promise<void> {
    const answer = await timeline(this.camera, range, this.stream, 1, signal);
    this.#spans = merged(this.#spans, answer.spans, range);
    this.#gaps = merged(this.#gaps, answer.gaps, range);
  }

  /** The recording at a moment, or the first one known after it. */
  at(moment: number): Span | null {
    return this.#spans.find((s) => s.to > moment)?.is ?? null;
  }

  /** Why there is no picture somewhere in a range. */
  reason(hole: Range): string | null {
    const overlap = (g: Range) => Math.min(g.to, hole.to) - Math.max(g.from, hole.from);
    const best = this.#gaps.filter((g) => overlap(g) > -500).sort((a, b) => overlap(b) - overlap(a))[0];
    return best?.is.reason ?? null;
  }

  /** The first moment from `after` on at which something was recorded, looking on until `until`; or null. */
  async nextPicture(after: number, until: number, signal?: AbortSignal): Promise<number | null> {
    // Nearly always it is near: look near first, then further.
    for (let from = after, step = day / 24; from < until; from += step, step = day) {
      const range = { from, to: Math.min(from + step, until) };
      await this.learn(range, signal);
      const found = this.#spans.find((s) => s.to > after + 50 && s.from < range.to);
      if (found) return Math.max(found.from, after);
    }
    return null;
  }
}

/** What is known newly in place of what was known of its range, in order. */
function merged<T extends { from: string; to: string }>(old: Known<T>[], fresh: T[], range: Range): Known<T>[] {
  const added = fresh.map((is) => ({ from: Date.parse(is.from), to: Date.parse(is.to), is }));
  const kept = old.filter((k) => (k.to <= range.from || k.from >= range.to) && !added.some((a) => a.from === k.from));
  return [...kept, ...added].sort((a, b) => a.from - b.from);
}

// The state of a time line: what is in view, what was recorded there, and what is marked.
import { Problem } from '$lib/api/client';
import { timeline, type Range } from '$lib/api/footage';
import type { StreamName, TimelineAnswer } from '$lib/api/types';
import { around, longest, moved, zoomed, type View } from './scale';

const firstLength = 3_600_000;
const settleMs = 150;
const refreshMs = 10_000;
const points = 800;

/** Loads what is in view, again when it changes, and from time to time while now is in view. */
export class Timeline {
  view: View = $state({ from: 0, to: firstLength });
  answer = $state.raw<TimelineAnswer | null>(null);
  problem = $state<Problem | null>(null);
  /** The range that somebody marked. */
  marked = $state<Range | null>(null);

  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | null = null;
  /** Somebody moved the view by hand: it does not follow the picture for a while. */
  #leftAloneUntil = 0;

  constructor(
    private readonly camera: string,
    private readonly stream: () => StreamName,
    private readonly now: () => number,
    moment: number,
  ) {
    this.view = around(this.view, moment, moment > now() - firstLength / 4 ? 0.9 : 0.5);
    this.#load(0);
  }

  /** Zooms around a moment; under 1 shows less time, larger. */
  zoom(factor: number, moment: number): void {
    this.#show(zoomed(this.view, factor, moment));
  }

  /** Moves by a share of the view. */
  move(share: number): void {
    this.#show(moved(this.view, share));
  }

  /** Shows the 24 hours from a moment on. */
  showDay(from: number): void {
    this.#show({ from, to: from + longest });
  }

  /** Keeps the picture's moment in view, unless somebody looks elsewhere. */
  follow(moment: number): void {
    const { from, to } = this.view;
    if (performance.now() < this.#leftAloneUntil) return;
    const share = (moment - from) / (to - from);
    if (share > 0.02 && share < 0.98) return;
    this.view = around(this.view, moment, share >= 0.98 && share < 1.5 ? 0.9 : 0.5);
    this.#load(settleMs);
  }

  /** Asks anew: an incident was heard of, or the stream was changed. */
  refresh(): void {
    this.#load(settleMs);
  }

  /** Ends. */
  close(): void {
    clearTimeout(this.#timer);
    this.#asking?.abort();
  }

  #show(view: View): void {
    this.#leftAloneUntil = performance.now() + 30_000;
    this.view = view;
    this.#load(settleMs);
  }

  #load(wait: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), wait);
  }

  async #ask(): Promise<void> {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    const { from, to } = this.view;
    // A view more on both sides, so that moving shows something at once; nothing is recorded in the future.
    const wide = { from: from - (to - from) / 2, to: Math.min(to + (to - from) / 2, Math.max(this.now(), from + 1000)) };
    try {
      this.answer = await timeline(this.camera, wide, this.stream(), points, asking.signal);
      this.problem = null;
    } catch (error) {
      if (asking.signal.aborted) return;
      this.problem = error instanceof Problem ? error : new Problem(0, String(error));
    }
    if (!asking.signal.aborted && (this.problem || this.view.to > this.now() - 60_000)) this.#load(refreshMs);
  }
}

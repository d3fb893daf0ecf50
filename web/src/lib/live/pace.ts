// Decides how fast a live picture runs: close behind what has arrived, and never standing still for long.
//
// Fragments of half a second arrive one by one, so what lies ahead of the picture is a saw-tooth; its peak of
// the last second is what is held at the target. A stall makes the target larger, quiet time smaller again.

/** How far the picture stays behind the end of the buffer, at least and at most (seconds). */
export const shortest_s = 0.7;
/** See `shortest_s`. */
export const longest_s = 2.5;
const first_s = 1.0;
/** Over the target by this much: a little faster. By this much more: jump (seconds). */
const hurry_s = 0.35;
const jump_s = 3;
/** After a stall the picture waits until this much is there (seconds). */
const refill_s = 0.7;
const growth_s = 0.25;
/** The target shrinks by this much a second without a stall. */
const shrink_per_s = 0.004;
const peakOver_ms = 1000;
/** So soon after the start a lateness is the rest of the first burst: jump rather than run after it. */
const settling_ms = 1500;
const settlingJump_s = 0.6;

/** What the player does now. */
export interface Step {
  /** How fast to play; 0 while waiting for media. */
  rate: number;
  /** Jump to this far behind the end of the buffer (seconds), or stay. */
  jumpTo: number | null;
}

/** Learns from stalls how close the picture may follow. */
export class Pace {
  #target = first_s;
  #waiting = true;
  #hurrying = false;
  #peaks: { at: number; ahead: number }[] = [];
  #lastAt: number | null = null;
  #startedAt = 0;

  /** How far the picture should be behind the end of the buffer (seconds). */
  get target(): number {
    return this.#target;
  }

  /** The buffer is a new one, or the picture was paused: wait for media again, without blaming the line. */
  restart(): void {
    this.#waiting = true;
    this.#hurrying = false;
    this.#peaks = [];
    this.#lastAt = null;
  }

  /** @param ahead media from the picture to the end of the buffer in seconds. @param now milliseconds. */
  step(ahead: number, now: number): Step {
    if (this.#waiting) {
      this.#lastAt = now;
      if (ahead < Math.min(refill_s, this.#target)) return { rate: 0, jumpTo: null };
      this.#waiting = false;
      this.#peaks = [];
      this.#startedAt = now;
      return { rate: 1, jumpTo: ahead > this.#target + 0.5 ? this.#target : null };
    }
    if (ahead < 0.06) {
      this.#target = Math.min(longest_s, this.#target + growth_s);
      this.#waiting = true;
      this.#hurrying = false;
      return { rate: 0, jumpTo: null };
    }
    const passed = this.#lastAt === null ? 0 : Math.max(0, now - this.#lastAt) / 1000;
    this.#lastAt = now;
    this.#target = Math.max(shortest_s, this.#target - Math.min(passed, 5) * shrink_per_s);
    this.#peaks.push({ at: now, ahead });
    while (this.#peaks[0] && this.#peaks[0].at < now - peakOver_ms) this.#peaks.shift();
    const over = Math.max(...this.#peaks.map((p) => p.ahead)) - this.#target;
    if (over > (now - this.#startedAt < settling_ms ? settlingJump_s : jump_s)) {
      this.#peaks = [];
      this.#hurrying = false;
      return { rate: 1, jumpTo: this.#target };
    }
    // On above the one, off at the other: the speed must not flutter.
    this.#hurrying = this.#hurrying ? over > 0.05 : over > hurry_s;
    if (!this.#hurrying) return { rate: 1, jumpTo: null };
    return { rate: over > 1 ? 1.1 : 1.05, jumpTo: null };
  }
}

// Learns how long a picture stands, and says where to seek so that exactly the next or the last one is shown.
//
// A seek shows the picture under the time it is given. So the middle of the wanted picture is asked for: half a
// picture before this one's time, or one and a half behind it.

/** Until something is known: 25 pictures a second (seconds). */
const guess_s = 1 / 25;
const remembered = 24;

/** The length of a picture, from the times of those that were shown. */
export class Frames {
  #lengths: number[] = [];
  #last: { time: number; count: number } | null = null;

  /** A picture is on the screen. @param time its media time in seconds. @param count how many were shown so far. */
  shown(time: number, count: number): void {
    const length = this.#last && count === this.#last.count + 1 ? time - this.#last.time : 0;
    if (length > 0.001 && length < 1) this.#lengths = [...this.#lengths, length].slice(-remembered);
    this.#last = { time, count };
  }

  /** The picture on the screen is not the next one after the last: after a seek, or in another source. */
  leap(): void {
    if (this.#last) this.#last.count = -2;
  }

  /** Another stream: its pictures have another length. */
  forget(): void {
    this.#lengths = [];
    this.#last = null;
  }

  /** The media time of the picture on the screen, or null. */
  get time(): number | null {
    return this.#last?.time ?? null;
  }

  /** The usual length of a picture in seconds: the median, so that a missing one does not count. */
  get length(): number {
    const sorted = [...this.#lengths].sort((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? guess_s;
  }

  /**
   * The media time to seek to from the picture at `shownAt`.
   * @param direction 1 for the next picture, -1 for the last one.
   * @param tries how often the same picture was still there: it stands longer than usual.
   */
  target(shownAt: number, direction: 1 | -1, tries = 0): number {
    const { length } = this;
    return direction > 0 ? shownAt + length * (1.5 + tries) : Math.max(0, shownAt - length * (0.5 + tries));
  }
}

// Decides where a live fragment lands in the buffer, so that the buffer goes on without a hole whatever the
// time line of the camera does, and remembers which wall time stands where.
import type { Fragment } from './message';

/** The buffer begins here, so that sound that begins a little before the picture is not cut off (seconds). */
const beginning_s = 10;
/** Time stamps that differ by less than this from where they should be go on: a hole is closed, an overlap is left. */
const hole_s = 0.06;
const overlap_s = 0.25;
/** For how long wall times are remembered (seconds of buffer). */
const remembered_s = 120;

/** A fragment in the buffer. Seconds of buffer time, wall time in milliseconds. */
export interface Placed {
  start: number;
  duration: number;
  wall: number;
}

/** What to do with a fragment. */
export type Placement =
  | { drop: true }
  /** `offset` is what has to be added to its time stamps (seconds); `moved` if it is not the one before. */
  | { drop: false; offset: number; moved: boolean };

/** Keeps the buffer in one piece. */
export class Places {
  #run: number | null = null;
  #offset = 0;
  /** Where the next fragment should begin in buffer time. */
  #end = beginning_s;
  /** Where the last fragment ended on the time line of its run. */
  #runEnd = 0;
  #needKey = true;
  #placed: Placed[] = [];

  /** A new buffer: forget everything, and begin with a keyframe. */
  restart(): void {
    this.#run = null;
    this.#end = beginning_s;
    this.#needKey = true;
    this.#placed = [];
  }

  /** Where a fragment goes. Told for every fragment, in order. */
  place(head: Fragment): Placement {
    if (this.#needKey && !head.key) return { drop: true };
    const known = this.#run === head.run;
    const leap = head.start_s - this.#runEnd;
    // The group from its start comes again when somebody else joined: what is in the buffer already is left out.
    if (known && !this.#needKey && leap < -overlap_s && leap > -30) return { drop: true };
    let moved = false;
    if (!known || this.#needKey || leap > hole_s || leap < -overlap_s) {
      this.#offset = this.#end - head.start_s;
      moved = true;
    }
    this.#needKey = false;
    this.#run = head.run;
    this.#runEnd = head.start_s + head.duration_s;
    const start = head.start_s + this.#offset;
    this.#end = start + head.duration_s;
    this.#placed.push({ start, duration: head.duration_s, wall: Date.parse(head.wall) });
    while (this.#placed[0] && this.#placed[0].start < this.#end - remembered_s) this.#placed.shift();
    return { drop: false, offset: this.#offset, moved };
  }

  /** Nothing may be appended before the next keyframe: the decoder lost its way, or media is missing. */
  needKey(): void {
    this.#needKey = true;
  }

  /** Where the buffer ends (seconds). */
  get end(): number {
    return this.#end;
  }

  /** The wall time in milliseconds that stands at a buffer time, or null if nothing is there. */
  wallAt(time: number): number | null {
    const found = this.#placed.findLast((p) => p.start <= time) ?? this.#placed[0];
    return found ? found.wall + Math.min(time - found.start, found.duration + 1) * 1000 : null;
  }
}

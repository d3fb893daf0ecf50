// Keeps several pictures at the same moment: one clock leads, and each picture is told to run, to hurry, to wait or
// to leap. A picture that is far ahead has gone over a gap in its recordings: it waits behind it until the others come.

/** More than this apart is corrected (milliseconds, at normal speed). */
const noticeable = 150;
/** A correction goes on until it is less than this. */
const close = 50;
/** Further behind than this, hurrying takes too long; further ahead, it is a gap. */
const far = 1000;
/** After a leap its picture is given time to come. */
const settleMs = 2500;
/** So long all wait for a picture that does not come; then they go on without it. */
const patienceMs = 4000;

/** How one picture stands. Moments in milliseconds since the Unix epoch. */
export interface Follower {
  /** The wall time it runs at, or null before it knows. */
  position: number | null;
  /** Its pictures are awaited. */
  waiting: boolean;
  /** It has nothing more to show, or goes its own way. */
  over: boolean;
}

/** What a picture is to do. */
export type Order = { do: 'run'; rate: number } | { do: 'hold' } | { do: 'leap'; to: number } | { do: 'leave' };

/** What is remembered of a picture. */
interface Memory {
  leaptAt: number;
  isNudged: boolean;
  isAhead: boolean;
}

/** The leading clock, and what it makes of those that follow. */
export class InStep {
  playing = true;
  speed = 1;
  #moment: number;
  #lookedAt: number | null = null;
  #waitedMs = 0;
  #isLed = false;
  #memories = new Map<string, Memory>();

  /** @param moment where it begins. */
  constructor(moment: number) {
    this.#moment = moment;
  }

  /** The moment that all are to show. */
  get moment(): number {
    return this.#moment;
  }

  /** Something else is at this moment and leads: nobody waits for a picture then, and no gap is left out. */
  lead(moment: number): void {
    this.#moment = moment;
    this.#isLed = true;
  }

  /** Those that wait behind a gap. */
  get ahead(): string[] {
    return [...this.#memories].filter(([, memory]) => memory.isAhead).map(([camera]) => camera);
  }

  /** Goes to another moment; whoever calls has sent the pictures there at `at`. */
  seek(moment: number, at: number): void {
    this.#moment = moment;
    this.#waitedMs = 0;
    this.#lookedAt = at;
    for (const memory of this.#memories.values()) Object.assign(memory, { leaptAt: at, isNudged: false, isAhead: false });
  }

  /**
   * Lets the clock go on, and says what each picture is to do.
   * @param at a clock of milliseconds that never jumps.
   * @param latest the moment that cannot be passed: what comes after it is not recorded yet.
   */
  look(at: number, latest: number, followers: ReadonlyMap<string, Follower>): Map<string, Order> {
    const elapsed = this.#lookedAt === null ? 0 : Math.max(0, at - this.#lookedAt);
    this.#lookedAt = at;
    for (const camera of this.#memories.keys()) if (!followers.has(camera)) this.#memories.delete(camera);
    const isWaiting = this.playing && !this.#isLed && this.#waits(elapsed, followers);
    if (this.playing && !isWaiting) this.#moment = Math.min(this.#moment + elapsed * this.speed, Math.max(latest, this.#moment));
    const orders = new Map<string, Order>();
    for (const [camera, follower] of followers) {
      const order = this.#order(at, this.#memory(camera), follower);
      // Nobody runs off while all wait for one.
      orders.set(camera, isWaiting && order.do === 'run' && !follower.waiting ? { do: 'hold' } : order);
    }
    if (this.playing && !this.#isLed) this.#overGap(followers);
    return orders;
  }

  /** Whether the clock has to stand, because a picture has not come yet. */
  #waits(elapsed: number, followers: ReadonlyMap<string, Follower>): boolean {
    const isAwaited = [...followers].some(([camera, one]) => one.waiting && !one.over && !this.#memory(camera).isAhead);
    this.#waitedMs = isAwaited ? this.#waitedMs + elapsed : 0;
    return isAwaited && this.#waitedMs < patienceMs;
  }

  #order(at: number, memory: Memory, { position, waiting, over }: Follower): Order {
    if (over || position === null) {
      memory.isAhead = false;
      return { do: 'leave' };
    }
    const drift = position - this.#moment;
    const scale = Math.max(1, this.speed);
    memory.isAhead = drift > (memory.isAhead ? 0 : far * scale);
    if (memory.isAhead || !this.playing) return { do: 'hold' };
    if (waiting) return { do: 'run', rate: this.speed };
    if (drift < -far * scale) {
      if (at - memory.leaptAt < settleMs) return { do: 'run', rate: this.speed };
      memory.leaptAt = at;
      memory.isNudged = false;
      return { do: 'leap', to: this.#moment };
    }
    memory.isNudged = Math.abs(drift) > (memory.isNudged ? close : noticeable) * scale;
    return { do: 'run', rate: memory.isNudged ? this.speed * nudge(drift / scale) : this.speed };
  }

  /** Where no camera has pictures there is nothing to wait for: on to the first that has some. */
  #overGap(followers: ReadonlyMap<string, Follower>): void {
    const left = [...followers].filter(([, one]) => !one.over);
    if (left.length === 0 || !left.every(([camera]) => this.#memory(camera).isAhead)) return;
    this.#moment = Math.min(...left.map(([, one]) => one.position ?? Infinity));
  }

  #memory(camera: string): Memory {
    let found = this.#memories.get(camera);
    if (!found) this.#memories.set(camera, (found = { leaptAt: -Infinity, isNudged: false, isAhead: false }));
    return found;
  }
}

/** How much faster or slower brings a picture back: little where little is missing, so that sound stays as it is. */
function nudge(drift: number): number {
  const by = Math.abs(drift) < 500 ? 0.08 : 0.25;
  return drift > 0 ? 1 - by : 1 + by;
}

// Decides what the one live socket asks for: the list of streams that somebody watches, and when to send it.
//
// The service sends the start of a stream (its init and the current keyframe group) only when the stream is
// new on the list. So a second watcher, or one that comes back in the same moment, is put on a list without
// the stream first.
import type { StreamName } from '$lib/api/types';

/** A stream that is wished for. */
export interface Wish {
  camera: string;
  stream: StreamName;
}

const key = (wish: Wish) => `${wish.camera}/${wish.stream}`;

/** Who watches what, and what the service was told last. */
export class Wishes<Watcher> {
  #watchers = new Map<string, { wish: Wish; who: Set<Watcher> }>();
  #told = new Set<string>();
  #fresh = new Set<string>();

  /** Adds a watcher of a stream. */
  add(wish: Wish, watcher: Watcher): void {
    const found = this.#watchers.get(key(wish)) ?? { wish, who: new Set<Watcher>() };
    found.who.add(watcher);
    this.#watchers.set(key(wish), found);
    this.#fresh.add(key(wish));
  }

  /** Takes a watcher away. */
  remove(wish: Wish, watcher: Watcher): void {
    const found = this.#watchers.get(key(wish));
    found?.who.delete(watcher);
    if (found?.who.size === 0) this.#watchers.delete(key(wish));
  }

  /** Whoever watches a stream. */
  watchers(wish: Wish): Watcher[] {
    return [...(this.#watchers.get(key(wish))?.who ?? [])];
  }

  /** Whether nobody watches anything. */
  get none(): boolean {
    return this.#watchers.size === 0;
  }

  /** The socket is a new one: it was told nothing. */
  forget(): void {
    this.#told.clear();
  }

  /** The lists to send now, in order; none if the service knows. */
  lists(): Wish[][] {
    const wanted = [...this.#watchers.values()].map((w) => w.wish);
    const again = wanted.filter((w) => this.#fresh.has(key(w)) && this.#told.has(key(w)));
    const lists: Wish[][] = [];
    if (again.length) lists.push(wanted.filter((w) => !again.includes(w)));
    const changed = wanted.length !== this.#told.size || wanted.some((w) => !this.#told.has(key(w)));
    if (again.length || changed) lists.push(wanted);
    this.#told = new Set(wanted.map(key));
    this.#fresh.clear();
    return lists;
  }
}

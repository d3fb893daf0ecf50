// What the people who work on incidents are called: the service names them as they sign in.
import { session } from '$lib/api/session.svelte';
import type { Colleague } from '$lib/api/incidents';

/** The colleagues of this page. */
export class People {
  all = $state.raw<Colleague[]>([]);
  #asked: string | null = null;

  /** Asks who there is, once for each who signs in. */
  load(ask: () => Promise<Colleague[]>): void {
    const me = session.now?.user.name ?? null;
    if (this.#asked === me) return;
    this.#asked = me;
    ask()
      .then((found) => (this.all = found))
      // Asked anew by whoever needs it next; until then people are called as they sign in.
      .catch(() => (this.#asked = null));
  }

  /** The full name of somebody, or as they sign in if it is not known. */
  nameOf = (who: string): string => {
    const me = session.now?.user;
    if (me?.name === who) return me.full_name;
    return this.all.find((one) => one.name === who)?.full_name ?? who;
  };
}

/** The people of this page. */
export const people = new People();

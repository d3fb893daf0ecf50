// How many incidents nobody has looked at yet: for the badge and the title of every page.
import { events } from '$lib/api/events.svelte';
import { incidents, type Counts } from '$lib/api/incidents';
import { Soon } from '$lib/api/soon';

const settleMs = 300;
const retryMs = 10_000;

/** The number of new incidents, asked anew whenever something happens. */
export class NewIncidents {
  now = $state.raw<Counts>({ new: 0, urgent_new: 0 });
  readonly #again = new Soon(() => void this.#ask());

  /** Begins; ends with the returned function. */
  start(): () => void {
    const offs = (['open', 'missed', 'incident'] as const).map((kind) => events.on(kind, () => this.#again.within(settleMs)));
    this.#again.within(0);
    return () => {
      for (const off of offs) off();
      this.#again.never();
      this.now = { new: 0, urgent_new: 0 };
    };
  }

  async #ask(): Promise<void> {
    try {
      this.now = (await incidents({ state: 'new', limit: 1 })).counts;
    } catch {
      // The pages themselves tell that the service does not answer.
      this.#again.within(retryMs);
    }
  }
}

/** The new incidents of this page. */
export const newIncidents = new NewIncidents();

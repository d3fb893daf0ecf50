// A list of incidents that keeps itself up to date, and grows at its end when somebody wants more.
import { Problem } from '$lib/api/client';
import { events } from '$lib/api/events.svelte';
import { incidents, type IncidentFilter } from '$lib/api/incidents';
import { Soon } from '$lib/api/soon';

const pageSize = 50;
const most = 200;
const settleMs = 250;
const retryMs = 5000;
/** At a province an alert is raised because nobody took it, which is no event. */
const refreshMs = 60_000;

/** What the list needs to know of each. */
interface Listed {
  id: string;
  flagged_at: string;
}

/** Incidents that a filter lets through, newest first. */
export class List<T extends Listed> {
  incidents = $state.raw<T[] | null>(null);
  next = $state<string | null>(null);
  isLoadingMore = $state(false);
  problem = $state.raw<Problem | null>(null);

  #filter: IncidentFilter = {};
  #asking: AbortController | null = null;
  readonly #again = new Soon(() => void this.refresh());

  /** Listens to what happens; ends with the returned function. */
  start(): () => void {
    const offs = (['open', 'missed', 'incident'] as const).map((kind) => events.on(kind, () => this.#again.within(settleMs)));
    return () => {
      for (const off of offs) off();
      this.#again.never();
      this.#asking?.abort();
    };
  }

  /** Shows what another filter lets through. */
  show(filter: IncidentFilter): void {
    this.#filter = filter;
    this.incidents = null;
    this.next = null;
    void this.refresh();
  }

  /** Asks anew for what is shown. */
  async refresh(): Promise<void> {
    this.#again.never();
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    const shown = this.incidents ?? [];
    const limit = Math.min(most, Math.max(pageSize, shown.length));
    try {
      const answer = await incidents<T>({ ...this.#filter, limit }, asking.signal);
      const known = new Set(answer.incidents.map((one) => one.id));
      const last = answer.incidents.at(-1);
      // What was loaded further down stays, unless it should have been in the answer.
      const rest = answer.next && last ? shown.filter((one) => !known.has(one.id) && one.flagged_at < last.flagged_at) : [];
      this.incidents = [...answer.incidents, ...rest];
      if (rest.length === 0) this.next = answer.next;
      this.problem = null;
      this.#again.within(refreshMs);
    } catch (error) {
      if (asking.signal.aborted) return;
      this.problem = Problem.of(error);
      this.#again.within(retryMs);
    }
  }

  /** Loads the page after the last. */
  async more(): Promise<void> {
    if (!this.next || this.isLoadingMore) return;
    this.isLoadingMore = true;
    const filter = this.#filter;
    try {
      const answer = await incidents<T>({ ...filter, limit: pageSize, cursor: this.next });
      if (filter !== this.#filter) return;
      const known = new Set(this.incidents?.map((one) => one.id));
      this.incidents = [...(this.incidents ?? []), ...answer.incidents.filter((one) => !known.has(one.id))];
      this.next = answer.next;
    } catch (error) {
      this.problem = Problem.of(error);
    } finally {
      this.isLoadingMore = false;
    }
  }
}

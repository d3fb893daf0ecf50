// How the centre stands now: asked every ten seconds, and at once when something changes.
import { Problem } from '$lib/api/client';
import { events } from '$lib/api/events.svelte';
import { healthNow, type Health } from '$lib/api/health';

const everyMs = 10_000;
const settleMs = 500;

/** The health of the centre. */
export class HealthState {
  now = $state.raw<Health | null>(null);
  problem = $state.raw<Problem | null>(null);

  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | null = null;

  /** Begins to ask; ends with the returned function. */
  start(): () => void {
    const soon = () => this.#later(settleMs);
    const offs = (['camera', 'incident', 'missed', 'open'] as const).map((kind) => events.on(kind, soon));
    void this.#ask();
    return () => {
      for (const off of offs) off();
      clearTimeout(this.#timer);
      this.#asking?.abort();
    };
  }

  #later(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), ms);
  }

  async #ask(): Promise<void> {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    try {
      this.now = await healthNow(asking.signal);
      this.problem = null;
    } catch (error) {
      if (asking.signal.aborted) return;
      this.problem = Problem.of(error);
    }
    if (!asking.signal.aborted) this.#later(everyMs);
  }
}

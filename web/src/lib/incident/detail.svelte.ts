// One incident with all that is known of it, and what somebody does about it.
import { Problem } from '$lib/api/client';
import { events } from '$lib/api/events.svelte';
import { handle, incident, type AlertDetail, type Handling, type IncidentDetail } from '$lib/api/incidents';
import type { IncidentEvent } from '$lib/api/centre.svelte';
import { Soon } from '$lib/api/soon';

const settleMs = 250;
const retryMs = 3000;

/** An incident that is open on the page. */
export class Detail<T extends IncidentDetail | AlertDetail> {
  now = $state.raw<T | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** Whether the last deed was refused, because somebody else had done something that was not shown yet. */
  isChanged = $state(false);
  isSending = $state(false);

  readonly #again = new Soon(() => void this.load());
  /** Deeds go one after the other: what somebody does while it is marked as seen is not lost. */
  #last: Promise<unknown> = Promise.resolve();
  /** Counts answers, so that one that was overtaken shows nothing. */
  #turn = 0;

  constructor(readonly id: string) {}

  /** Loads it and keeps it up to date; ends with the returned function. */
  start(): () => void {
    const offs = [
      events.on('incident', (data) => {
        if ((data as IncidentEvent).id === this.id) this.#again.within(settleMs);
      }),
      events.on('open', () => this.#again.within(settleMs)),
      events.on('missed', () => this.#again.within(settleMs)),
    ];
    void this.load();
    return () => {
      for (const off of offs) off();
      this.#again.never();
    };
  }

  /** Asks how it stands. */
  async load(): Promise<void> {
    this.#again.never();
    const turn = ++this.#turn;
    try {
      const now = await incident<T>(this.id);
      if (turn !== this.#turn) return;
      this.now = now;
      this.problem = null;
    } catch (error) {
      if (turn !== this.#turn) return;
      this.problem = Problem.of(error);
      if (this.problem.status === 0 || this.problem.status >= 500) this.#again.within(retryMs);
    }
  }

  /** Does something about it; whether the service took it. */
  act(handling: Handling): Promise<boolean> {
    const done = this.#last.then(() => this.#act(handling));
    this.#last = done;
    return done;
  }

  async #act(handling: Handling): Promise<boolean> {
    this.isSending = true;
    this.isChanged = false;
    try {
      const shown = this.now;
      const wanted = shown && 'version' in shown ? { ...handling, version: shown.version } : handling;
      const answer = await handle<T | { command: string }>(this.id, wanted);
      // A province only hears that the order is on its way.
      if ('command' in answer) await this.load();
      else {
        this.#turn++;
        this.now = answer;
        // What was being asked meanwhile may have known of more, and nobody tells of that again.
        this.#again.within(settleMs);
      }
      this.problem = null;
      return true;
    } catch (error) {
      const problem = Problem.of(error);
      if (problem.code === 'changed') {
        this.isChanged = true;
        await this.load();
      } else {
        this.problem = problem;
      }
      return false;
    } finally {
      this.isSending = false;
    }
  }
}

// The packages and holds of the centre, kept up to date: by events, and by asking while a package is being made.
import { Problem } from '$lib/api/client';
import { events } from '$lib/api/events.svelte';
import { allExports, allHolds, type Export, type ExportEvent, type Hold } from '$lib/api/exports';

/** While one is being made it is asked how far it is. */
const pollMs = 2000;

/** What is shown on the page. */
export class Exports {
  /** Null before the first answer. */
  packages = $state<Export[] | null>(null);
  holds = $state.raw<Hold[] | null>(null);
  problem = $state.raw<Problem | null>(null);

  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #mayExport = false;
  #mayHold = false;

  /** Begins to ask; ends with the returned function. */
  start(mayExport: boolean, mayHold: boolean): () => void {
    this.#mayExport = mayExport;
    this.#mayHold = mayHold;
    this.#closed = false;
    const offs = [
      events.on('export', (data) => this.#heard(data as ExportEvent)),
      events.on('missed', () => void this.refresh()),
      events.on('open', () => void this.refresh()),
    ];
    void this.refresh();
    return () => {
      this.#closed = true;
      clearTimeout(this.#timer);
      for (const off of offs) off();
    };
  }

  /** Asks anew. */
  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      if (this.#mayExport) this.packages = newestFirst(await allExports(), (one) => one.begun_at);
      if (this.#mayHold) this.holds = newestFirst(await allHolds(), (one) => one.made_at);
      this.problem = null;
    } catch (error) {
      this.problem = Problem.of(error);
    }
    const isBusy = this.packages?.some((one) => one.state === 'waiting' || one.state === 'running') ?? false;
    clearTimeout(this.#timer);
    if (!this.#closed && (isBusy || this.problem)) this.#timer = setTimeout(() => void this.refresh(), pollMs);
  }

  #heard({ id, state, done }: ExportEvent): void {
    const known = this.packages?.find((one) => one.id === id);
    // Size and time of removal come with the whole answer only.
    if (known && state === 'running') Object.assign(known, { state, done });
    else void this.refresh();
  }
}

function newestFirst<T>(all: T[], at: (one: T) => string): T[] {
  return [...all].sort((a, b) => Date.parse(at(b)) - Date.parse(at(a)));
}

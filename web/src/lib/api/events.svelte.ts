// What happens at the service, as it happens: one stream of events for the whole page, taken up again when it breaks.

const retryMs = 3000;

/** The kinds of event there are; `open` is ours: the stream stands (again), and what was missed has to be asked. */
export type EventKind = 'open' | 'incident' | 'camera' | 'export' | 'centre' | 'missed' | 'session-ended';
/** Told of an event; what came with it is as the kind says. */
export type Listener = (data: unknown) => void;

/** The stream, and who listens to it. */
export class Events {
  /** Whether the stream stands. */
  connected = $state(false);

  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Map<EventKind, Set<Listener>>();

  /** Calls `listener` at every event of a kind, until the returned function is called. */
  on(kind: EventKind, listener: Listener): () => void {
    let all = this.#listeners.get(kind);
    if (!all) {
      this.#listeners.set(kind, (all = new Set()));
      this.#attach(kind);
    }
    all.add(listener);
    return () => all.delete(listener);
  }

  /** Begins to listen; anew, if it does already. */
  start(): void {
    this.stop();
    const source = (this.#source = new EventSource('/api/stream'));
    source.addEventListener('open', () => {
      this.connected = true;
      this.#tell('open', {});
    });
    source.addEventListener('error', () => {
      this.connected = false;
      // The browser tries again by itself, unless the service answered with an error.
      if (source.readyState !== EventSource.CLOSED || this.#source !== source) return;
      this.#timer = setTimeout(() => this.start(), retryMs);
    });
    for (const kind of this.#listeners.keys()) this.#attach(kind);
  }

  /** Ends to listen. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
    this.connected = false;
  }

  #attach(kind: EventKind): void {
    if (kind === 'open') return;
    this.#source?.addEventListener(kind, (event: MessageEvent<string>) => this.#tell(kind, read(event.data)));
  }

  #tell(kind: EventKind, data: unknown): void {
    for (const listener of this.#listeners.get(kind) ?? []) listener(data);
  }
}

function read(text: string): unknown {
  try {
    return text ? JSON.parse(text) : {};
  } catch {
    return {};
  }
}

/** The one stream of this page. */
export const events = new Events();

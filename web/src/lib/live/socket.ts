// The one live socket of a page, for all its players: a browser opens only six connections a host.
// Reopens with back-off after it ends, and closes when nobody watches.
import { parseMessage, type LiveMessage } from './message';
import { Wishes, type Wish } from './wishes';

/** Hears the messages of one stream. */
export type Watcher = (message: LiveMessage) => void;

const firstWaitMs = 1000;
const longestWaitMs = 15_000;
/** Nothing at all for this long while streams are wished for: the connection is dead though it is open. */
const silenceMs = 20_000;

/** How long to wait before the next try, after so many that failed (milliseconds). */
export function waitBefore(tries: number): number {
  return Math.min(longestWaitMs, firstWaitMs * 2 ** tries);
}

/** Carries the live streams of all players of a page. */
export class LiveSocket {
  #wishes = new Wishes<Watcher>();
  #socket: WebSocket | null = null;
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #telling = false;
  #heardAt = 0;

  /** @param address where the socket is, on the page's own origin unless a test says otherwise. */
  constructor(private readonly address = defaultAddress) {}

  /** Watches a stream until the returned function is called. */
  watch(wish: Wish, watcher: Watcher): () => void {
    this.#wishes.add(wish, watcher);
    this.#tell();
    let done = false;
    return () => {
      if (done) return;
      done = true;
      this.#wishes.remove(wish, watcher);
      this.#tell();
    };
  }

  /** Tells the service once for all changes of this turn of the event loop. */
  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    queueMicrotask(() => {
      this.#telling = false;
      if (!this.#socket && !this.#wishes.none && this.#timer === undefined) this.#open();
      else this.#send();
    });
  }

  #send(): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    for (const watch of this.#wishes.lists()) this.#socket.send(JSON.stringify({ watch }));
    if (this.#wishes.none) this.#socket.close(1000);
  }

  #open(): void {
    this.#timer = undefined;
    if (this.#wishes.none) return;
    const socket = new WebSocket(this.address());
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#wishes.forget();
    const watchdog = setInterval(() => {
      if (!this.#wishes.none && performance.now() - this.#heardAt > silenceMs) socket.close();
    }, 2000);
    this.#heardAt = performance.now();
    socket.onopen = () => this.#send();
    socket.onmessage = ({ data }) => {
      this.#heardAt = performance.now();
      this.#tries = 0;
      const message = data instanceof ArrayBuffer ? parseMessage(data) : null;
      if (message) for (const watcher of this.#wishes.watchers(message.head)) watcher(message);
    };
    socket.onclose = () => {
      clearInterval(watchdog);
      if (this.#socket !== socket) return;
      this.#socket = null;
      if (this.#wishes.none) return;
      this.#timer = setTimeout(() => this.#open(), waitBefore(this.#tries++));
    };
  }
}

function defaultAddress(): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/live`;
}

/** The page's socket. */
export const liveSocket = new LiveSocket();

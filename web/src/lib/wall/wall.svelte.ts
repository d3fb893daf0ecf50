// The state of the wall: which camera is heard, and what nobody has looked at yet.
import { incidents, type Incident } from '$lib/api/incidents';
import { gravestByCamera } from './unseen';

/** Several events in a row are one question. */
const settleMs = 400;
const most = 200;

/** The wall. */
export class WallState {
  /** The one camera whose sound is on. */
  heard = $state<string | null>(null);
  /** What nobody has looked at, by camera. */
  unseen = $state.raw<ReadonlyMap<string, Incident>>(new Map());

  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | null = null;

  /** Hears this camera and no other; hears nothing if it is this one already. */
  listen(camera: string): void {
    this.heard = this.heard === camera ? null : camera;
  }

  /** Asks anew what nobody has looked at. */
  refresh(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), settleMs);
  }

  /** Ends. */
  close(): void {
    clearTimeout(this.#timer);
    this.#asking?.abort();
  }

  async #ask(): Promise<void> {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    try {
      const found = await incidents<Incident>({ state: 'new', limit: most }, asking.signal);
      this.unseen = gravestByCamera(found.incidents);
    } catch {
      // What was known stays; the next event asks again, and that the service is away is said elsewhere.
    }
  }
}

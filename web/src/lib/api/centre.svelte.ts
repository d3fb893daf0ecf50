// What the pages know of the centre: its cameras and how they stand, kept up to date by the one event stream.
import { cameras, Problem } from './client';
import type { Camera, CameraState } from './types';
import { defaultZone } from '$lib/time/zone';

const retryMs = 3000;
/** Every so often the list is asked again: the clock of this machine may run away from the service's. */
const refreshMs = 60_000;

/** An incident that began, changed or ended. */
export interface IncidentEvent {
  id: string;
  what: 'opened' | 'updated' | 'closed';
  kind: string;
  severity: string;
  camera: string;
}

/** The centre as the service tells it. */
export class Centre {
  /** The cameras, in the order of the configuration; null before the first answer. */
  cameras = $state<Camera[] | null>(null);
  /** The time zone that times are shown in. */
  zone = $state(defaultZone);
  /** Why nothing can be asked, or null. */
  problem = $state<Problem | null>(null);
  /** Counts incidents that were heard of: whoever shows incidents asks anew when it changes. */
  heard = $state(0);
  /** The last incident that was heard of. */
  lastIncident = $state<IncidentEvent | null>(null);

  #ahead = 0;
  #events: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The time of the service in milliseconds, by this machine's clock set right at each answer. */
  now = (): number => Date.now() + this.#ahead;

  /** Begins to ask and listen; ends with the returned function. */
  start(): () => void {
    void this.#ask();
    this.#events = new EventSource('/api/stream');
    this.#events.addEventListener('camera', (e) => this.#camera(e));
    this.#events.addEventListener('incident', (e) => this.#incident(e));
    // What happened while nobody listened is in the list.
    this.#events.addEventListener('open', () => {
      if (this.cameras) void this.#ask();
    });
    return () => {
      this.#events?.close();
      clearTimeout(this.#timer);
    };
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      const asked = Date.now();
      const answer = await cameras();
      // The answer was made half-way between question and receipt.
      this.#ahead = Date.parse(answer.now) - (asked + Date.now()) / 2;
      this.zone = answer.timezone || defaultZone;
      this.cameras = answer.cameras;
      this.problem = null;
    } catch (error) {
      this.problem = error instanceof Problem ? error : new Problem(0, String(error));
    }
    this.#timer = setTimeout(() => void this.#ask(), this.problem ? retryMs : refreshMs);
  }

  #camera(event: MessageEvent<string>): void {
    const { id, state, since } = JSON.parse(event.data) as { id: string; state: CameraState; since: string };
    const camera = this.cameras?.find((c) => c.id === id);
    if (camera) Object.assign(camera, { state, since });
    else void this.#ask();
  }

  #incident(event: MessageEvent<string>): void {
    this.lastIncident = JSON.parse(event.data) as IncidentEvent;
    this.heard++;
  }
}

// What the pages know of the centre: its cameras and how they stand, kept up to date by the stream of events.
import { get, Problem } from './client';
import { events } from './events.svelte';
import type { Cameras, Camera, CameraState, Session } from './types';
import { defaultZone } from '$lib/time/zone';

const retryMs = 3000;
/** Every so often the list is asked again: the clock of this machine may run away from the service's. */
const refreshMs = 60_000;

/** An incident that began, changed, ended, or was worked on. */
export interface IncidentEvent {
  id: string;
  what: 'opened' | 'updated' | 'closed' | 'handled';
  kind: string;
  severity: string;
  camera: string | null;
  flagged_at: string;
  ended_at: string | null;
  /** At a province. */
  centre?: string;
}

/** The centre (or the province) as the service tells it. */
export class Centre {
  /** The cameras, in the order of the configuration; null before the first answer, and at a province. */
  cameras = $state<Camera[] | null>(null);
  /** The time zone that times are shown in. */
  zone = $state(defaultZone);
  /** Why nothing can be asked, or null. */
  problem = $state<Problem | null>(null);
  /** Counts incidents that were heard of: whoever shows incidents asks anew when it changes. */
  heard = $state(0);
  /** The last incident that was heard of. */
  lastIncident = $state.raw<IncidentEvent | null>(null);

  #ahead = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The time of the service in milliseconds, by this machine's clock set right at each answer. */
  now = (): number => Date.now() + this.#ahead;

  /** The name of a camera, or its id if it is none of ours. */
  nameOf = (id: string): string => this.cameras?.find((c) => c.id === id)?.name ?? id;

  /** Begins to ask and listen for somebody; ends with the returned function. */
  start(session: Session): () => void {
    this.zone = session.timezone || defaultZone;
    this.#ahead = Date.parse(session.now) - Date.now();
    const hasCameras = session.place === 'centre';
    const offs = [
      events.on('camera', (data) => this.#camera(data as Pick<Camera, 'id' | 'state' | 'since'>)),
      events.on('incident', (data) => {
        this.lastIncident = data as IncidentEvent;
        this.heard++;
      }),
      // What happened while nobody listened is in the lists.
      events.on('open', () => this.#missed(hasCameras)),
      events.on('missed', () => this.#missed(hasCameras)),
    ];
    if (hasCameras) void this.#ask();
    events.start();
    return () => {
      for (const off of offs) off();
      events.stop();
      clearTimeout(this.#timer);
      this.cameras = null;
    };
  }

  #missed(hasCameras: boolean): void {
    this.heard++;
    if (hasCameras && this.cameras) void this.#ask();
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      const asked = Date.now();
      const answer = await get<Cameras>('/api/cameras');
      // The answer was made half-way between question and receipt.
      this.#ahead = Date.parse(answer.now) - (asked + Date.now()) / 2;
      this.zone = answer.timezone || defaultZone;
      this.cameras = answer.cameras;
      this.problem = null;
    } catch (error) {
      this.problem = Problem.of(error);
    }
    this.#timer = setTimeout(() => void this.#ask(), this.problem ? retryMs : refreshMs);
  }

  #camera({ id, state, since }: { id: string; state: CameraState; since: string }): void {
    const camera = this.cameras?.find((c) => c.id === id);
    if (camera) Object.assign(camera, { state, since });
    else void this.#ask();
  }
}

/** The centre of this page. */
export const centre = new Centre();

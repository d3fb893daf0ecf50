// The centres of the province and how each stands, kept up to date.
import { allCentres, type CentreFacts, type Standing } from '$lib/api/centres';
import { Problem } from '$lib/api/client';
import { events } from '$lib/api/events.svelte';
import { Soon } from '$lib/api/soon';

const refreshMs = 30_000;
const settleMs = 300;
const retryMs = 3000;

/** How bad a standing is. */
export const badness: Record<Standing, number> = { alive: 0, slow: 1, late: 2, silent: 3 };

/** The centres of this page. */
export class Centres {
  all = $state.raw<CentreFacts[] | null>(null);
  problem = $state.raw<Problem | null>(null);
  readonly #again = new Soon(() => void this.#ask());

  /** The name of a centre, or its id if it is none of ours. */
  nameOf = (id: string): string => this.all?.find((c) => c.id === id)?.name ?? id;

  /** The name of a centre's camera, as the centre told it last; its id until then. */
  cameraOf = (centre: string, id: string): string => {
    const cameras = this.all?.find((c) => c.id === centre)?.status?.cameras;
    return cameras?.find((camera) => camera.id === id)?.name ?? id;
  };

  /** Begins; ends with the returned function. */
  start(): () => void {
    const offs = (['open', 'missed', 'centre'] as const).map((kind) => events.on(kind, () => this.#again.within(settleMs)));
    void this.#ask();
    return () => {
      for (const off of offs) off();
      this.#again.never();
      this.all = null;
    };
  }

  async #ask(): Promise<void> {
    this.#again.never();
    try {
      this.all = (await allCentres()).sort((a, b) => badness[b.state] - badness[a.state] || a.name.localeCompare(b.name, 'vi'));
      this.problem = null;
    } catch (error) {
      this.problem = Problem.of(error);
    }
    this.#again.within(this.problem ? retryMs : refreshMs);
  }
}

/** The centres of this page. */
export const centres = new Centres();

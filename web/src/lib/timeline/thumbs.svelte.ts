// The small picture under the pointer: at most two requests at once, and only the newest wish counts.
import { thumb } from '$lib/api/footage';

const atOnce = 2;
const kept = 200;
/** Pixels. */
const width = 240;

/** Fetches small pictures of one camera. */
export class Thumbs {
  /** The address of the picture that is wished for, or of the last one that came; null if there is none. */
  shown = $state<string | null>(null);

  #pictures = new Map<number, string | null>();
  #asking = new Set<number>();
  #wish: number | null = null;

  constructor(private readonly camera: string) {}

  /** Wishes for the picture of a moment; null is none. */
  wish(moment: number | null): void {
    if (moment === this.#wish) return;
    this.#wish = moment;
    if (moment === null) {
      this.shown = null;
      return;
    }
    const known = this.#pictures.get(moment);
    if (known !== undefined) this.shown = known;
    this.#next();
  }

  /** Lets go of all pictures. */
  close(): void {
    this.#wish = null;
    for (const address of this.#pictures.values()) if (address) URL.revokeObjectURL(address);
    this.#pictures.clear();
  }

  #next(): void {
    const moment = this.#wish;
    if (moment === null || this.#pictures.has(moment) || this.#asking.has(moment) || this.#asking.size >= atOnce) return;
    this.#asking.add(moment);
    void thumb(this.camera, moment, width)
      .then((picture) => URL.createObjectURL(picture))
      // Nothing was recorded then: that too is known now.
      .catch(() => null)
      .then((address) => {
        this.#asking.delete(moment);
        this.#keep(moment, address);
        if (this.#wish !== null) this.shown = this.#pictures.get(this.#wish) ?? (this.#wish === moment ? null : this.shown);
        this.#next();
      });
  }

  #keep(moment: number, address: string | null): void {
    this.#pictures.set(moment, address);
    const [oldest] = this.#pictures;
    if (this.#pictures.size <= kept || !oldest) return;
    if (oldest[1]) URL.revokeObjectURL(oldest[1]);
    this.#pictures.delete(oldest[0]);
  }
}

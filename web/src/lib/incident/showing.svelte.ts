// What runs in the details of an incident, whether it is the clip or the recordings: for the keys and the strip below.

/** Something that plays. */
export interface Plays {
  toggle: () => void;
  /** To a moment in milliseconds. */
  seek: (moment: number) => void;
}

/** The one thing that plays now, and where it is. */
export class Showing {
  /** The moment that is shown, in milliseconds; null while nothing is. */
  position = $state<number | null>(null);
  /** Whether it runs. */
  playing = $state(false);
  /** How fast, 1 is as it was. */
  speed = $state(1);
  #plays: Plays | null = null;

  /** Makes something the one that plays, until the returned function is called. */
  take(plays: Plays): () => void {
    this.#plays = plays;
    return () => {
      if (this.#plays !== plays) return;
      this.#plays = null;
      this.position = null;
      this.playing = false;
      this.speed = 1;
    };
  }

  /** Plays or pauses. */
  toggle(): void {
    this.#plays?.toggle();
  }

  /** Shows a moment. */
  seek(moment: number): void {
    this.#plays?.seek(moment);
  }
}

// Something to be done again before long. Of several wishes the earliest counts: one that comes later puts nothing off.

/** A wish to do something soon. */
export class Soon {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #due = Infinity;

  constructor(private readonly what: () => void) {}

  /** Does it after so many milliseconds at the latest. */
  within(ms: number): void {
    const due = performance.now() + ms;
    if (due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => {
      this.#due = Infinity;
      this.what();
    }, ms);
  }

  /** Does it no more: it is being done, or nobody wants it. */
  never(): void {
    clearTimeout(this.#timer);
    this.#due = Infinity;
  }
}

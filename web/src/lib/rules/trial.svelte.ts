// A trial of another threshold on what was recorded: begun, asked how far it is, done.
import { Problem } from '$lib/api/client';
import { beginTrial, trialNow, type Trial } from '$lib/api/rules';

const pollMs = 1000;

/** The trial of one rule. */
export class TrialState {
  now = $state.raw<Trial | null>(null);
  problem = $state.raw<Problem | null>(null);

  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(private readonly rule: string) {}

  /** Whether one is on its way. */
  get isRunning(): boolean {
    return this.now?.state === 'waiting' || this.now?.state === 'running';
  }

  /** Begins; a new one takes the place of the last. */
  async begin(threshold: number): Promise<void> {
    clearTimeout(this.#timer);
    this.problem = null;
    try {
      this.now = await beginTrial(this.rule, threshold);
      this.#later();
    } catch (error) {
      this.problem = Problem.of(error);
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #later(): void {
    if (this.isRunning && !this.#closed) this.#timer = setTimeout(() => void this.#ask(), pollMs);
  }

  async #ask(): Promise<void> {
    const asked = this.now?.id;
    if (!asked) return;
    try {
      const told = await trialNow(this.rule, asked);
      if (this.now?.id !== asked) return;
      this.now = told;
      this.problem = null;
    } catch (error) {
      this.problem = Problem.of(error);
    }
    this.#later();
  }
}

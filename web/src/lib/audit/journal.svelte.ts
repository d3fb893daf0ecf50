// The journal as it is read: a page at a time, for a person, an action, a day.
import { auditPage, type AuditEntry } from '$lib/api/audit';
import { Problem } from '$lib/api/client';
import { momentOnDate } from '$lib/time/time_of_day';
import { startOfDay } from '$lib/time/zone';

const perPage = 100;
const midnight = { hour: 0, minute: 0, second: 0 };

/** What is read, and what it is filtered by. */
export class Journal {
  who = $state('');
  action = $state('');
  /** `2026-11-27`, or empty for every day. */
  day = $state('');
  entries = $state.raw<AuditEntry[]>([]);
  isLoading = $state(false);
  problem = $state.raw<Problem | null>(null);

  #next: string | null = $state(null);
  #asking: AbortController | null = null;

  constructor(private readonly zone: () => string) {}

  /** Whether there is more to read. */
  get hasMore(): boolean {
    return this.#next !== null;
  }

  /** Begins from the newest that fits. */
  async read(): Promise<void> {
    this.entries = [];
    this.#next = null;
    await this.#ask(null);
  }

  /** Reads on. */
  async more(): Promise<void> {
    if (this.#next && !this.isLoading) await this.#ask(this.#next);
  }

  close(): void {
    this.#asking?.abort();
  }

  async #ask(cursor: string | null): Promise<void> {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    this.isLoading = true;
    try {
      const filter = { who: this.who.trim(), action: this.action, ...this.#range(), cursor, limit: perPage };
      const page = await auditPage(filter, asking.signal);
      this.entries = [...this.entries, ...page.entries];
      this.#next = page.next;
      this.problem = null;
    } catch (error) {
      if (asking.signal.aborted) return;
      this.problem = Problem.of(error);
    }
    if (!asking.signal.aborted) this.isLoading = false;
  }

  /** The day from midnight to midnight at the centre. */
  #range(): { from?: string; to?: string } {
    const from = this.day ? momentOnDate(midnight, this.day, this.zone()) : null;
    if (from === null) return {};
    // 36 hours on is some time the next day, also where a day has 23 or 25.
    const to = startOfDay(from + 36 * 3_600_000, this.zone());
    return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  }
}

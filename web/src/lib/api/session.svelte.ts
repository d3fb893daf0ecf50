// Who is signed in here, what they may do, and that they are signed out when nobody has been there for a while.
import { access, get, post, Problem, put, remove } from './client';
import { events } from './events.svelte';
import type { Right, Session } from './types';

const renewMs = 60_000;
const lookMs = 5000;
const retryMs = 3000;

/** Why the sign-in page is shown although somebody was signed in. */
export type Ending = { why: 'idle'; after_s: number } | { why: 'ended' };

/** Whether somebody is there: a silent picture that runs in a corner of an office is nobody. */
function isUse(event: Event): boolean {
  const { target } = event;
  if (event.type !== 'timeupdate' || !(target instanceof HTMLMediaElement)) return event.isTrusted;
  return !target.muted || document.fullscreenElement !== null;
}

/** The session of this browser. */
export class SessionState {
  /** Whether the service was asked already. */
  known = $state(false);
  /** Who is signed in; null is nobody. */
  now = $state.raw<Session | null>(null);
  /** Why it ended, if it did. */
  ending = $state.raw<Ending | null>(null);
  /** Why the service cannot be asked, or null. */
  problem = $state.raw<Problem | null>(null);

  #usedAt = 0;
  #renewedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Other pages of the same browser share the session: use of one is use of all. */
  #others: BroadcastChannel | null = null;

  /** Whether the person may do something. */
  may(right: Right): boolean {
    return this.now?.user.rights.includes(right) ?? false;
  }

  /** Asks who is signed in, and watches for use; ends with the returned function. */
  start(): () => void {
    access.signedOut = () => this.#end();
    access.mustChange = () => {
      if (this.now) this.now = { ...this.now, must_change: true };
    };
    this.#others = new BroadcastChannel('quaywatch.session');
    this.#others.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data === 'used') this.#usedAt = Date.now();
      else void this.#ask();
    };
    const used = (event: Event) => {
      if (isUse(event)) this.#used();
    };
    // Media events do not bubble; they can be caught on the way down.
    const kinds = ['pointerdown', 'pointermove', 'keydown', 'timeupdate'];
    for (const kind of kinds) document.addEventListener(kind, used, { capture: true, passive: true });
    const off = events.on('session-ended', () => this.#end());
    const look = setInterval(() => this.#look(), lookMs);
    void this.#ask();
    return () => {
      off();
      clearInterval(look);
      clearTimeout(this.#timer);
      this.#others?.close();
      for (const kind of kinds) document.removeEventListener(kind, used, { capture: true });
    };
  }

  /** Signs in; a wrong password and a lock are thrown as they come. */
  async signIn(name: string, password: string): Promise<void> {
    this.#take(await post<Session>('/api/session', { name, password }));
    this.#others?.postMessage('changed');
  }

  /** Signs out. */
  async signOut(): Promise<void> {
    await remove('/api/session').catch((error: unknown) => {
      // Whoever is signed out already got what they wanted.
      if (Problem.of(error).status !== 401) throw error;
    });
    this.#forget();
    this.#others?.postMessage('changed');
  }

  /** Changes the password of the person. */
  async changePassword(old: string, wanted: string): Promise<void> {
    await put('/api/session/password', { old, new: wanted });
    this.#take(await get<Session>('/api/session'));
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      this.#take(await get<Session>('/api/session'));
    } catch (error) {
      const problem = Problem.of(error);
      if (problem.status === 401) return this.#forget();
      this.problem = problem;
      this.#timer = setTimeout(() => void this.#ask(), retryMs);
    }
  }

  #take(session: Session): void {
    access.csrf = session.csrf;
    this.now = session;
    this.known = true;
    this.ending = null;
    this.problem = null;
    this.#usedAt = this.#renewedAt = Date.now();
  }

  #forget(): void {
    access.csrf = '';
    this.now = null;
    this.known = true;
    this.problem = null;
  }

  #end(): void {
    if (this.now) {
      const idleMs = this.now.idle_s * 1000;
      // The service counts from when it was last told of use, which is up to a minute before the last use.
      const isIdle = Date.now() - this.#usedAt >= idleMs - renewMs - lookMs;
      this.ending = isIdle ? { why: 'idle', after_s: this.now.idle_s } : { why: 'ended' };
    }
    this.#forget();
  }

  #used(): void {
    if (!this.now) return;
    this.#usedAt = Date.now();
    if (this.#usedAt - this.#renewedAt < renewMs) return;
    this.#renewedAt = this.#usedAt;
    this.#others?.postMessage('used');
    void post('/api/session/active').catch(() => {
      // If the session is over, that was told already; if the network is, the next use tries again.
    });
  }

  #look(): void {
    if (this.now && Date.now() - this.#usedAt >= this.now.idle_s * 1000) this.#end();
  }
}

/** The session of this page. */
export const session = new SessionState();

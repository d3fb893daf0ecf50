// Asks the service, and makes one kind of error of whatever goes wrong.

/** A request that was refused or could not be made. */
export class Problem extends Error {
  /**
   * @param status the HTTP status, 0 if there was no answer.
   * @param detail what the service says, for people.
   * @param code the stable word that a page can branch on, if there is one.
   * @param members whatever else the problem document holds.
   */
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly code: string | null = null,
    readonly members: Readonly<Record<string, unknown>> = {},
  ) {
    super(`${status}: ${detail}`);
  }

  /** A problem of whatever was thrown. */
  static of(error: unknown): Problem {
    if (error instanceof Problem) return error;
    return new Problem(0, error instanceof Error ? error.message : String(error));
  }
}

/** What every request needs of the session; the session itself fills it in. */
export const access: {
  /** Goes along with whatever changes something. */
  csrf: string;
  /** Told when the service knows no session any more. */
  signedOut: () => void;
  /** Told when the one-time password has to be changed before anything else. */
  mustChange: () => void;
} = { csrf: '', signedOut: () => {}, mustChange: () => {} };

/** One request; anything but a success is thrown as a `Problem`. */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (init.method && init.method !== 'GET' && access.csrf) headers.set('X-CSRF-Token', access.csrf);
  let answer: Response;
  try {
    answer = await fetch(path, { ...init, headers });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw Problem.of(error);
  }
  if (answer.ok) return answer;
  const problem = await problemOf(answer);
  if (problem.code === 'signed-out') access.signedOut();
  if (problem.code === 'must-change') access.mustChange();
  throw problem;
}

/** What an answer that is no success says about itself. */
async function problemOf(answer: Response): Promise<Problem> {
  let members: Record<string, unknown> = {};
  try {
    const body: unknown = await answer.json();
    if (body && typeof body === 'object') members = { ...body };
  } catch {
    // Not a problem document: the status line must do.
  }
  const { detail, code } = members;
  const told = typeof detail === 'string' ? detail : answer.statusText || String(answer.status);
  return new Problem(answer.status, told, typeof code === 'string' ? code : null, members);
}

async function send<T>(method: string, path: string, body: unknown): Promise<T> {
  const init: RequestInit =
    body === undefined ? { method } : { method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
  const answer = await ask(path, init);
  const text = await answer.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** The JSON at an address. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await ask(path, signal ? { signal } : {})).json();
}

/** Adds or does something. */
export const post = <T = void>(path: string, body?: unknown): Promise<T> => send('POST', path, body);
/** Changes a part of something. */
export const patch = <T = void>(path: string, body: unknown): Promise<T> => send('PATCH', path, body);
/** Puts something in the place of what was there. */
export const put = <T = void>(path: string, body: unknown): Promise<T> => send('PUT', path, body);
/** Removes what is at an address. */
export const remove = <T = void>(path: string): Promise<T> => send('DELETE', path, undefined);

/** Asks whether an address would be served, without fetching what is behind it. */
export async function wouldServe(address: string): Promise<void> {
  const stop = new AbortController();
  await ask(address, { signal: stop.signal });
  stop.abort();
}

/** A query of what is known: empty values are left out. */
export function query(values: Record<string, string | number | boolean | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== '') search.set(name, `${value}`);
  }
  const text = search.toString();
  return text ? `?${text}` : '';
}

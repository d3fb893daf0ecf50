// Asks the service, and makes one kind of error of whatever goes wrong.
import type { Cameras, StreamName, TimelineAnswer } from './types';

/** A request that was refused or could not be made. */
export class Problem extends Error {
  /** @param status the HTTP status, 0 if there was no answer. @param detail what the service says, for people. */
  constructor(
    readonly status: number,
    readonly detail: string,
  ) {
    super(`${status}: ${detail}`);
  }
}

async function ask(address: string, signal?: AbortSignal): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(address, signal ? { signal } : {});
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, error instanceof Error ? error.message : String(error));
  }
  if (!answer.ok) throw new Problem(answer.status, await detailOf(answer));
  return answer;
}

/** What an answer that is no success says about itself. */
async function detailOf(answer: Response): Promise<string> {
  try {
    const body: unknown = await answer.json();
    if (body && typeof body === 'object' && 'detail' in body && typeof body.detail === 'string') return body.detail;
  } catch {
    // Not a problem document: the status line must do.
  }
  return answer.statusText || String(answer.status);
}

const camera = (id: string) => `/api/cameras/${encodeURIComponent(id)}`;
const rfc3339 = (moment: number) => new Date(Math.floor(moment)).toISOString();

/** A range of wall time in milliseconds, `[from, to)`. */
export interface Range {
  from: number;
  to: number;
}

/** All cameras and how they stand. */
export async function cameras(signal?: AbortSignal): Promise<Cameras> {
  return (await ask('/api/cameras', signal)).json();
}

/** What was recorded in a range, with at most `points` values of the curves. */
export async function timeline(
  id: string,
  range: Range,
  stream: StreamName,
  points: number,
  signal?: AbortSignal,
): Promise<TimelineAnswer> {
  const query = new URLSearchParams({ from: rfc3339(range.from), to: rfc3339(range.to), stream, points: `${points}` });
  return (await ask(`${camera(id)}/timeline?${query}`, signal)).json();
}

/** The playlist over a range, and the address that its lines are relative to. */
export async function playlist(
  id: string,
  range: Range,
  stream: StreamName,
  signal?: AbortSignal,
): Promise<{ text: string; address: string }> {
  const query = new URLSearchParams({ from: rfc3339(range.from), to: rfc3339(range.to), stream });
  const answer = await ask(`${camera(id)}/playlist.m3u8?${query}`, signal);
  return { text: await answer.text(), address: answer.url };
}

/** The small picture of a moment, `width` pixels wide. */
export async function thumb(id: string, moment: number, width: number, signal?: AbortSignal): Promise<Blob> {
  const query = new URLSearchParams({ from: rfc3339(moment), width: `${width}` });
  return (await ask(`${camera(id)}/thumb.jpg?${query}`, signal)).blob();
}

/** The address of one ordinary MP4 of a range; gaps in it are closed. */
export function viewAddress(id: string, range: Range, stream: StreamName): string {
  const query = new URLSearchParams({ from: rfc3339(range.from), to: rfc3339(range.to), stream, gaps: 'close' });
  return `${camera(id)}/view.mp4?${query}`;
}

/** Asks whether an address would be served, without fetching what is behind it. */
export async function wouldServe(address: string): Promise<void> {
  const stop = new AbortController();
  await ask(address, stop.signal);
  stop.abort();
}

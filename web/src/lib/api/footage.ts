// What the service has recorded of a camera: where, and the addresses to fetch it from.
import { ask, get, query } from './client';
import type { StreamName, TimelineAnswer } from './types';

const camera = (id: string) => `/api/cameras/${encodeURIComponent(id)}`;
const rfc3339 = (moment: number) => new Date(Math.floor(moment)).toISOString();

/** A range of wall time in milliseconds, `[from, to)`. */
export interface Range {
  from: number;
  to: number;
}

/** What was recorded in a range, with at most `points` values of the curves. */
export function timeline(
  id: string,
  range: Range,
  stream: StreamName,
  points: number,
  signal?: AbortSignal,
): Promise<TimelineAnswer> {
  return get(`${camera(id)}/timeline${query({ from: rfc3339(range.from), to: rfc3339(range.to), stream, points })}`, signal);
}

/** The playlist over a range, and the address that its lines are relative to. */
export async function playlist(
  id: string,
  range: Range,
  stream: StreamName,
  signal?: AbortSignal,
): Promise<{ text: string; address: string }> {
  const search = query({ from: rfc3339(range.from), to: rfc3339(range.to), stream });
  const answer = await ask(`${camera(id)}/playlist.m3u8${search}`, signal ? { signal } : {});
  return { text: await answer.text(), address: answer.url };
}

/** The address of the small picture of a moment, `width` pixels wide. */
export const thumbAddress = (id: string, moment: number, width: number): string =>
  `${camera(id)}/thumb.jpg${query({ from: rfc3339(moment), width })}`;

/** The small picture of a moment, `width` pixels wide. */
export async function thumb(id: string, moment: number, width: number, signal?: AbortSignal): Promise<Blob> {
  return (await ask(thumbAddress(id, moment, width), signal ? { signal } : {})).blob();
}

/** The address of one ordinary MP4 of a range; gaps in it are closed. */
export function viewAddress(id: string, range: Range, stream: StreamName, reason: string): string {
  return `${camera(id)}/view.mp4${query({ from: rfc3339(range.from), to: rfc3339(range.to), stream, gaps: 'close', reason })}`;
}

// What an address says about what to show, and the address of what is shown: it can be sent to somebody else.
import type { StreamName } from '$lib/api/types';
import { isoInZone } from '$lib/time/zone';

/** What the page shows. */
export interface Place {
  /** One camera, or all of them. */
  camera: string | null;
  /** A moment in milliseconds, or live. */
  at: number | null;
  stream: StreamName;
}

/** Reads the query of an address; what makes no sense is as if it were not there. */
export function readPlace(query: URLSearchParams): Place {
  const at = Date.parse((query.get('at') ?? '').replace(/ (?=\d{2}:\d{2}$)/, '+'));
  return {
    camera: query.get('camera') || null,
    at: Number.isFinite(at) ? at : null,
    stream: query.get('stream') === 'sub' ? 'sub' : 'main',
  };
}

/** The query of a place: empty for all cameras. Moments to the second, unless it is a still picture. */
export function writePlace(place: Place, zone: string): string {
  if (!place.camera) return '';
  const parts = [`camera=${encodeURIComponent(place.camera)}`];
  // "+" would be read as a space; ":" is fine and can be read by people.
  if (place.at !== null) parts.push(`at=${isoInZone(place.at, zone).replace('+', '%2B')}`);
  if (place.stream === 'sub') parts.push('stream=sub');
  return `?${parts.join('&')}`;
}

/** The address of what was recorded of a camera at a moment. */
export function recordingsAddress(camera: string, at: number, zone: string): string {
  return `/recordings${writePlace({ camera, at, stream: 'main' }, zone)}`;
}

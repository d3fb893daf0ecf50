// Takes apart the binary messages of the live socket: u32 big-endian length of a JSON head, the head, the payload.
import type { CameraState, StreamName } from '$lib/api/types';

interface Addressed {
  camera: string;
  stream: StreamName;
}

/** The start of a file, format, run or set of tracks; the payload is its ftyp and moov. */
export interface Init extends Addressed {
  kind: 'init';
  mime: string;
  run: number;
  sound: boolean;
  /** Codec and size: `h264 640x360`. */
  video: string;
}

/** At most half a second of media; the payload is its moof and mdat. */
export interface Fragment extends Addressed {
  kind: 'fragment';
  key: boolean;
  run: number;
  /** Media time of its first picture on the time line of the run, in seconds. */
  start_s: number;
  duration_s: number;
  /** Wall time of its first picture, RFC 3339. */
  wall: string;
  /** Whether fragments before it were left out because this viewer was too slow. */
  skipped?: boolean;
}

/** There are no pictures now. */
export interface Away extends Addressed {
  kind: 'away';
  state: CameraState;
  since: string;
}

/** The head of a live message. */
export type Head = Init | Fragment | Away;

/** A live message taken apart. */
export interface LiveMessage {
  head: Head;
  payload: Uint8Array<ArrayBuffer>;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Takes a message apart; null if it is none of ours, which is then left out. */
export function parseMessage(bytes: ArrayBuffer): LiveMessage | null {
  if (bytes.byteLength < 4) return null;
  const length = new DataView(bytes).getUint32(0);
  if (length > bytes.byteLength - 4) return null;
  let head: unknown;
  try {
    head = JSON.parse(utf8.decode(new Uint8Array(bytes, 4, length)));
  } catch {
    return null;
  }
  return isHead(head) ? { head, payload: new Uint8Array(bytes, 4 + length) } : null;
}

function isHead(value: unknown): value is Head {
  if (!value || typeof value !== 'object') return false;
  const head = value as Record<string, unknown>;
  if (typeof head['camera'] !== 'string' || (head['stream'] !== 'main' && head['stream'] !== 'sub')) return false;
  switch (head['kind']) {
    case 'init':
      return typeof head['mime'] === 'string' && typeof head['run'] === 'number';
    case 'fragment':
      return (
        typeof head['run'] === 'number' &&
        Number.isFinite(head['start_s']) &&
        Number.isFinite(head['duration_s']) &&
        typeof head['wall'] === 'string'
      );
    case 'away':
      return typeof head['state'] === 'string';
    default:
      return false;
  }
}

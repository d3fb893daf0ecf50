// What an address says about which cameras are looked back at, and the address of what is shown.
import type { StreamName } from '$lib/api/types';
import { readPlace, writePlace } from '$lib/page/place';

/** As many pictures as a machine at a counter plays at once. */
export const mostAtOnce = 4;

/** What the page of recordings shows. */
export interface Looking {
  cameras: string[];
  /** A moment in milliseconds; null is now. */
  at: number | null;
  /** The sharp one for a single camera, the light one for several, unless the address says otherwise. */
  stream: StreamName;
}

const usual = (cameras: number): StreamName => (cameras > 1 ? 'sub' : 'main');

/** Reads the query of an address; a camera that is there twice is there once. */
export function readLooking(query: URLSearchParams): Looking {
  const cameras = [...new Set(query.getAll('camera').filter(Boolean))];
  const named = query.get('stream');
  const stream = named === 'main' || named === 'sub' ? named : usual(cameras.length);
  return { cameras, at: readPlace(query).at, stream };
}

/** The query of what is shown. */
export function writeLooking({ cameras, at, stream }: Looking, zone: string): string {
  const [first, ...others] = cameras;
  if (!first) return '';
  const query = writePlace({ camera: first, at, stream: 'main' }, zone);
  const more = others.map((camera) => `&camera=${encodeURIComponent(camera)}`).join('');
  return query + more + (stream === usual(cameras.length) ? '' : `&stream=${stream}`);
}

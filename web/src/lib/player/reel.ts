// The one long playlist that hls.js plays: windows of the service's playlists put together, without the pieces
// that turned out to be damaged. It grows at its end while it is played, so that nobody notices a window's end.
import type { Piece, Playlist } from './playlist';

/** Pieces in the order of playing. */
export class Reel {
  #pieces: Piece[] = [];
  #dropped = new Set<string>();
  #next: number | null = null;

  /** Nothing is recorded after the last piece. Set from outside, who alone can know. */
  final = false;

  /** Adds a window at the end; what is there already is left out. How many pieces were new. */
  add(window: Playlist): number {
    const last = this.#pieces.at(-1);
    const known = new Set(this.#pieces.slice(-2000).map((p) => p.key));
    const joined = last !== undefined && window.pieces.some((p) => p.key === last.key);
    let added = 0;
    for (const piece of window.pieces) {
      if (known.has(piece.key) || (last && piece.wall < last.wall)) continue;
      // The window does not overlap with what is there: nobody says that its time stamps go on.
      const apart = added === 0 && last !== undefined && !joined;
      this.#pieces.push(apart ? { ...piece, discontinuity: true } : piece);
      added++;
    }
    this.#next = window.next;
    return added;
  }

  /** Where another playlist goes on, because the set of tracks changes at the end of this one; or null. */
  get next(): number | null {
    return this.#next;
  }

  /** Nothing will be added. */
  get complete(): boolean {
    return this.final || this.#next !== null;
  }

  /** What is played, in order: the index is the media sequence number. */
  get pieces(): Piece[] {
    return this.#dropped.size ? this.#pieces.filter((p) => !this.#dropped.has(p.key)) : this.#pieces;
  }

  /** The wall time at which the last piece begins and ends, in milliseconds; null if there is none. */
  get last(): { from: number; to: number } | null {
    const last = this.#pieces.at(-1);
    return last ? { from: last.wall, to: last.wall + last.duration * 1000 } : null;
  }

  /** Leaves a piece out from now on; the playlist has to be loaded anew after it. */
  drop(piece: Piece): void {
    this.#dropped.add(piece.key);
  }

  /** Leaves out all pieces of a file: its beginning cannot be read. */
  dropFile(piece: Piece): void {
    for (const p of this.#pieces) if (p.address === piece.address) this.#dropped.add(p.key);
  }

  /** The pieces that were left out. */
  get damaged(): Piece[] {
    return this.#pieces.filter((p) => this.#dropped.has(p.key));
  }

  /** The playlist for hls.js, with a date for each piece. */
  text(): string {
    const longest = this.#pieces.reduce((most, p) => Math.max(most, p.duration), 1);
    const lines = [
      '#EXTM3U',
      '#EXT-X-VERSION:7',
      `#EXT-X-TARGETDURATION:${Math.ceil(longest)}`,
      '#EXT-X-MEDIA-SEQUENCE:0',
      '#EXT-X-INDEPENDENT-SEGMENTS',
      '#EXT-X-PLAYLIST-TYPE:EVENT',
    ];
    let map: string | null = null;
    let broken = false;
    let first = true;
    for (const piece of this.#pieces) {
      broken ||= piece.discontinuity;
      if (this.#dropped.has(piece.key)) {
        broken = true;
        continue;
      }
      if (broken && !first) lines.push('#EXT-X-DISCONTINUITY');
      if (piece.map && (piece.map !== map || (broken && !first))) lines.push(piece.map);
      map = piece.map;
      lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(piece.wall).toISOString()}`, `#EXTINF:${piece.duration},`);
      if (piece.bytes) lines.push(`#EXT-X-BYTERANGE:${piece.bytes}`);
      lines.push(piece.address);
      broken = first = false;
    }
    // Never an ENDLIST: hls.js goes over a missing piece by itself only while a playlist may still grow.
    return lines.join('\n') + '\n';
  }
}

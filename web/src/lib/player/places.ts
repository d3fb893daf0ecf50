// Where the pictures of the pieces really are on the media's time line. hls.js tells where a piece begins, and that is its
// sound where sound begins first; a moment is where its picture is.
import { firstPicture, pictureTrack, type PictureTrack } from './boxes';
import type { Stretch } from './media_time';
import type { Piece } from './playlist';

/** A piece as hls.js places it. `cc` counts the discontinuities before it. */
export interface Placed {
  stretch: Stretch;
  piece: Piece | undefined;
  cc: number;
}

/** What is known of the pieces that came. */
export class Places {
  #tracks = new Map<string, PictureTrack>();
  /** By piece, in seconds of its own time stamps. */
  #firstPictures = new Map<string, number>();
  /** By discontinuity: which time stamp stands at the media's zero, in seconds. */
  #zeros = new Map<number, number>();

  /** The beginning of a file came. */
  header(address: string, bytes: ArrayBuffer): void {
    const track = pictureTrack(bytes);
    if (track) this.#tracks.set(address, track);
  }

  /** A piece came. */
  piece(piece: Piece | undefined, bytes: ArrayBuffer): void {
    const track = piece && this.#tracks.get(piece.address);
    const first = track ? firstPicture(bytes, track) : null;
    if (piece && first !== null) this.#firstPictures.set(piece.key, first);
  }

  /** hls.js has placed a time line. */
  zero(cc: number, seconds: number): void {
    this.#zeros.set(cc, seconds);
  }

  /** Where the pictures are. Of a piece that has not come: as much later as those of the one before it. */
  of(all: readonly Placed[]): Stretch[] {
    let later = 0;
    let of: number | null = null;
    return all.map(({ stretch, piece, cc }) => {
      if (cc !== of) [later, of] = [0, cc];
      const first = piece && this.#firstPictures.get(piece.key);
      const zero = this.#zeros.get(cc);
      if (first !== undefined && zero !== undefined) later = first - zero - stretch.start;
      return { ...stretch, start: stretch.start + later };
    });
  }
}

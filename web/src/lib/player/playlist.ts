// Reads the service's playlists: one piece a keyframe group, each with its wall time, and where to go on from.

/** A keyframe group of a recorded file. */
export interface Piece {
  /** The file and the bytes in it: the same for the same piece in every playlist. */
  key: string;
  address: string;
  /** `length@offset`, or null for a whole file. */
  bytes: string | null;
  /** The `EXT-X-MAP` line with an absolute address: where the init of its file is. */
  map: string | null;
  /** Length in seconds. */
  duration: number;
  /** When it was recorded, milliseconds since the Unix epoch. */
  wall: number;
  /** Its time stamps do not go on from the piece before. */
  discontinuity: boolean;
}

/** A playlist as far as the player needs it. */
export interface Playlist {
  pieces: Piece[];
  /** Where to go on with a playlist of its own, because the set of tracks changes there; or null. */
  next: number | null;
  /** Nothing will be added to it. */
  ended: boolean;
}

/** Reads a playlist. Pieces without a date are left out: nobody could say when they were. */
export function readPlaylist(text: string, address: string): Playlist {
  const found: Playlist = { pieces: [], next: null, ended: false };
  let piece = { duration: NaN, bytes: null as string | null, discontinuity: false };
  let wall = NaN;
  let map: string | null = null;
  const ends = new Map<string, number>();
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    const value = line.slice(line.indexOf(':') + 1);
    if (line.startsWith('#EXTINF:')) piece.duration = Number.parseFloat(value);
    else if (line.startsWith('#EXT-X-BYTERANGE:')) piece.bytes = value;
    else if (line === '#EXT-X-DISCONTINUITY') piece.discontinuity = true;
    else if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) wall = Date.parse(value);
    else if (line.startsWith('#EXT-X-MAP:')) map = absoluteMap(line, address);
    else if (line.startsWith('#EXT-X-QUAYWATCH-NEXT:')) found.next = momentOrNull(value);
    else if (line === '#EXT-X-ENDLIST') found.ended = true;
    else if (line && !line.startsWith('#')) {
      const file = new URL(line, address).href;
      const bytes = explicitRange(piece.bytes, ends.get(file) ?? 0);
      if (bytes) ends.set(file, endOf(bytes));
      if (Number.isFinite(wall) && piece.duration > 0) {
        found.pieces.push({ ...piece, key: `${file} ${bytes ?? ''}`, address: file, bytes, map, wall });
        wall += piece.duration * 1000;
      }
      piece = { duration: NaN, bytes: null, discontinuity: false };
    }
  }
  return found;
}

function momentOrNull(text: string): number | null {
  const moment = Date.parse(text);
  return Number.isFinite(moment) ? moment : null;
}

function absoluteMap(line: string, address: string): string {
  return line.replace(/URI="([^"]*)"/, (_, uri: string) => `URI="${new URL(uri, address).href}"`);
}

/** A range without an offset begins where the last one of the file ended. */
function explicitRange(bytes: string | null, lastEnd: number): string | null {
  return bytes === null || bytes.includes('@') ? bytes : `${bytes}@${lastEnd}`;
}

function endOf(bytes: string): number {
  const [length, offset] = bytes.split('@').map(Number);
  return (length ?? 0) + (offset ?? 0);
}

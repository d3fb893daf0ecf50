import { describe, expect, it } from 'vitest';
import { firstPicture, pictureTrack } from './boxes';
import { Places, type Placed } from './places';
import type { Piece } from './playlist';

const u32 = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
const box = (kind: string, ...content: number[][]): number[] => {
  const body = content.flat();
  return [...u32(body.length + 8), ...[...kind].map((c) => c.charCodeAt(0)), ...body];
};
const buffer = (bytes: number[]) => new Uint8Array(bytes).buffer;

const trak = (id: number, timescale: number, media: string) =>
  box(
    'trak',
    box('tkhd', u32(0), u32(0), u32(0), u32(id)),
    box('mdia', box('mdhd', u32(0), u32(0), u32(0), u32(timescale)), box('minf', box(media, u32(0)))),
  );
const header = buffer([...box('ftyp'), ...box('moov', trak(2, 8000, 'smhd'), trak(1, 90_000, 'vmhd'))]);

const traf = (id: number, decoded: number, shift: number) =>
  box(
    'traf',
    box('tfhd', u32(0), u32(id)),
    box('tfdt', u32(0x01000000), u32(0), u32(decoded)),
    box('trun', u32(0x000a01), u32(1), u32(100), u32(5), u32(shift)),
  );
const piece = (decoded: number, shift = 0) =>
  buffer([...box('moof', traf(2, 1, 0), traf(1, decoded, shift)), ...box('mdat', [1])]);

const known = (key: string): Piece => ({ key, address: 'a.mp4' }) as Piece;

describe('places', () => {
  it('reads when the first picture of a piece is shown', () => {
    const track = pictureTrack(header);
    expect(track).toEqual({ id: 1, timescale: 90_000 });
    expect(firstPicture(piece(180_000), track!)).toBe(2);
    expect(firstPicture(piece(180_000, 9000), track!)).toBeCloseTo(2.1);
    expect(firstPicture(buffer([1, 2, 3]), track!)).toBeNull();
  });

  it('places pictures where they are, and those that are still to come as much later', () => {
    const places = new Places();
    places.header('a.mp4', header);
    places.piece(known('one'), piece(180_000));
    // The sound began 0.25 s before the picture, and hls.js put it where the piece begins.
    places.zero(0, 1.75);
    const at = (start: number, key: string, cc: number): Placed => ({
      stretch: { start, duration: 2, wall: 0 },
      piece: known(key),
      cc,
    });
    const starts = places.of([at(0, 'one', 0), at(2, 'two', 0), at(4, 'three', 1)]).map((s) => s.start);
    expect(starts).toEqual([0.25, 2.25, 4]);
  });
});

import { expect, test } from 'vitest';
import { readPlaylist } from './playlist';
import { Reel } from './reel';

const address = 'http://centre/api/cameras/counter-1/playlist.m3u8?from=x';
const t = Date.parse('2026-11-27T02:10:00.000Z');

const text = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:2
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-START:TIME-OFFSET=1.2,PRECISE=YES
#EXT-X-MAP:URI="/media/1.mp4",BYTERANGE="800@0"
#EXT-X-PROGRAM-DATE-TIME:2026-11-27T02:10:00.000Z
#EXTINF:2.00000,
#EXT-X-BYTERANGE:1000@800
/media/1.mp4
#EXTINF:1.50000,
#EXT-X-BYTERANGE:500
/media/1.mp4
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="/media/2.mp4",BYTERANGE="800@0"
#EXT-X-PROGRAM-DATE-TIME:2026-11-27T02:12:00.000Z
#EXTINF:2.00000,
#EXT-X-BYTERANGE:1000@800
/media/2.mp4
`;

test('pieces have their wall time, their bytes and where their file begins', () => {
  const { pieces, next, ended } = readPlaylist(text, address);
  expect(pieces.map((p) => [p.wall - t, p.duration, p.bytes, p.discontinuity])).toEqual([
    [0, 2, '1000@800', false],
    [2000, 1.5, '500@1800', false],
    [120_000, 2, '1000@800', true],
  ]);
  expect(pieces[0]?.map).toBe('#EXT-X-MAP:URI="http://centre/media/1.mp4",BYTERANGE="800@0"');
  expect(pieces[2]?.address).toBe('http://centre/media/2.mp4');
  expect([next, ended]).toEqual([null, false]);
});

test('where the set of tracks changes the playlist names the next one', () => {
  const found = readPlaylist(`${text}#EXT-X-QUAYWATCH-NEXT:2026-11-27T02:12:02.000Z\n#EXT-X-ENDLIST\n`, address);
  expect([found.next, found.ended]).toEqual([t + 122_000, true]);
  expect(readPlaylist(`${text}#EXT-X-QUAYWATCH-NEXT:soon\n`, address).next).toBeNull();
});

test('a reel takes each piece once, and grows without a break where windows overlap', () => {
  const whole = readPlaylist(text, address);
  const reel = new Reel();
  expect(reel.add({ ...whole, pieces: whole.pieces.slice(0, 2) })).toBe(2);
  expect(reel.add({ ...whole, pieces: whole.pieces.slice(1) })).toBe(1);
  expect(reel.add(whole)).toBe(0);
  expect(readPlaylist(reel.text(), address).pieces).toEqual(whole.pieces);
  expect(reel.text()).not.toContain('ENDLIST');
  expect(reel.complete).toBe(false);
});

test('a window that does not overlap begins with a break', () => {
  const whole = readPlaylist(text, address);
  const reel = new Reel();
  reel.add({ ...whole, pieces: whole.pieces.slice(0, 1) });
  reel.add({ ...whole, pieces: whole.pieces.slice(1, 2) });
  expect(reel.pieces[1]?.discontinuity).toBe(true);
});

test('a damaged piece is left out with a break in its place', () => {
  const whole = readPlaylist(text, address);
  const reel = new Reel();
  reel.add(whole);
  reel.drop(whole.pieces[1]!);
  expect(reel.pieces.map((p) => p.wall - t)).toEqual([0, 120_000]);
  expect(reel.damaged.map((p) => p.wall - t)).toEqual([2000]);
  reel.dropFile(whole.pieces[2]!);
  expect(reel.text().match(/EXTINF/g)).toHaveLength(1);
});

import { expect, test } from 'vitest';
import { codecsOf, playsVideo, tracksOf } from './codec';

test('the set of tracks is read from the codecs, whatever their order', () => {
  expect(tracksOf('video/mp4; codecs="avc1.64001f,mp4a.40.2"')).toBe('sv');
  expect(tracksOf('video/mp4; codecs="mp4a.40.2, hvc1.1.6.L120.B0"')).toBe('sv');
  expect(tracksOf('video/mp4; codecs="avc1.64001f"')).toBe('v');
  expect(codecsOf('video/mp4; codecs="avc1.64001f, mp4a.40.2"')).toBe('avc1.64001f,mp4a.40.2');
});

test('H.265 is not believed in where nobody can be asked', () => {
  expect(playsVideo('h265 1920x1080')).toBe(false);
  expect(playsVideo('h264 1920x1080')).toBe(true);
});

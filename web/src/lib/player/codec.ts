// What this browser can play. Chromium without H.265 plays its sound over a black picture and raises no error,
// so it has to be asked before.

/** A main-profile H.265 stream as cameras send it. */
const h265 = 'video/mp4; codecs="hvc1.1.6.L120.B0"';

/** Whether this browser plays H.265. */
export function playsH265(): boolean {
  return typeof MediaSource !== 'undefined' && MediaSource.isTypeSupported(h265);
}

/** Whether a stream, described as `h265 1920x1080`, is one this browser can show. */
export function playsVideo(video: string): boolean {
  return !video.toLowerCase().startsWith('h265') || playsH265();
}

/** Whether a live stream can be played. */
export function canPlay(mime: string, video: string): boolean {
  return MediaSource.isTypeSupported(mime) && playsVideo(video);
}

/** The codecs of a MIME type: `avc1.64001f,mp4a.40.2`. */
export function codecsOf(mime: string): string {
  return (/codecs="?([^"]*)"?/.exec(mime)?.[1] ?? '').replaceAll(' ', '');
}

/** How many tracks of which kind a MIME type has: one letter a track, `s` for sound, `v` for picture. */
export function tracksOf(mime: string): string {
  const codecs = codecsOf(mime);
  if (!codecs) return '';
  return codecs
    .split(',')
    .map((codec) => (/^(mp4a|opus|flac|ac-3|ec-3)/i.test(codec) ? 's' : 'v'))
    .sort()
    .join('');
}

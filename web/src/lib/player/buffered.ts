// Reads what a video element has buffered around its picture.

type Video = Pick<HTMLVideoElement, 'buffered' | 'currentTime'>;

/** The beginning of the next buffered range behind the picture, if the picture is at the end of one (seconds). */
export function rangeAfter({ buffered, currentTime }: Video): number | null {
  for (let i = 0; i < buffered.length; i++) {
    if (buffered.start(i) <= currentTime + 0.05 && buffered.end(i) > currentTime + 0.3) return null;
    if (buffered.start(i) > currentTime) return buffered.start(i);
  }
  return null;
}

/** How much is buffered from the picture on without a hole (seconds). */
export function bufferedAhead({ buffered, currentTime }: Video): number {
  for (let i = 0; i < buffered.length; i++)
    if (buffered.start(i) <= currentTime && buffered.end(i) > currentTime) return buffered.end(i) - currentTime;
  return 0;
}

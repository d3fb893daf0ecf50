// Starts a video where browsers do not let pages make sound before somebody touched them: without sound then.

/** Lets a video run; muted, if that is the only way. */
export async function startPlaying(element: HTMLVideoElement): Promise<void> {
  try {
    await element.play();
  } catch (error) {
    // Anything else is a pause or another source that came in between.
    if (!(error instanceof DOMException) || error.name !== 'NotAllowedError' || element.muted) return;
    element.muted = true;
    await element.play().catch(() => {});
  }
}

// What the page hangs on `window`: a handle for tests and for support on the telephone, nothing else uses it.
import type { Player } from '$lib/player/player.svelte';

declare global {
  interface Window {
    /** For tests and support only. */
    __quaywatch?: {
      /** The player that shows this camera now, or undefined. */
      player(cameraId: string): Player | undefined;
    };
  }
}

export {};

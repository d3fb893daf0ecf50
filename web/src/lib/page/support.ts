// The handle that tests and support have on the players of a page: `window.__quaywatch.player('counter-1')`.
// Nothing in the pages themselves uses it.
import type { Player } from '$lib/player/player.svelte';

const players = new Map<string, Player>();

/** Makes a player known under its camera until the returned function is called. */
export function register(camera: string, player: Player): () => void {
  window.__quaywatch ??= { player: (id) => players.get(id) };
  players.set(camera, player);
  return () => {
    if (players.get(camera) === player) players.delete(camera);
  };
}

// What cameras and centres are called, for sentences.
import { centre } from '$lib/api/centre.svelte';
import type { Names } from './sentence';
import { centres } from '$lib/board/centres.svelte';

/** The names that this page knows. */
export const names: Names = {
  camera: (id, of) => (of ? centres.cameraOf(of, id) : centre.nameOf(id)),
  centre: (id) => centres.nameOf(id),
};

// One time axis for several cameras: a time line for each, and what is done to one is done to all.
import type { Camera, StreamName } from '$lib/api/types';
import type { Range } from '$lib/api/footage';
import type { View } from '$lib/timeline/scale';
import { Thumbs } from '$lib/timeline/thumbs.svelte';
import { Timeline } from '$lib/timeline/timeline.svelte';

/** One camera on the axis. */
export interface Lane {
  camera: Camera;
  timeline: Timeline;
  thumbs: Thumbs;
}

/** The lanes; there is at least one. */
export class Lanes {
  readonly all: readonly Lane[];
  /** The range that somebody marked. */
  marked = $state<Range | null>(null);

  constructor(cameras: readonly Camera[], stream: () => StreamName, now: () => number, moment: number) {
    this.all = cameras.map((camera) => ({
      camera,
      timeline: new Timeline(camera.id, stream, now, moment),
      thumbs: new Thumbs(camera.id),
    }));
  }

  /** What is in view, the same for all. */
  get view(): View {
    return this.all[0]?.timeline.view ?? { from: 0, to: 1 };
  }

  zoom(factor: number, moment: number): void {
    for (const { timeline } of this.all) timeline.zoom(factor, moment);
  }

  move(share: number): void {
    for (const { timeline } of this.all) timeline.move(share);
  }

  showDay(from: number): void {
    for (const { timeline } of this.all) timeline.showDay(from);
  }

  follow(moment: number): void {
    for (const { timeline } of this.all) timeline.follow(moment);
  }

  refresh(): void {
    for (const { timeline } of this.all) timeline.refresh();
  }

  close(): void {
    for (const { timeline, thumbs } of this.all) {
      timeline.close();
      thumbs.close();
    }
  }
}

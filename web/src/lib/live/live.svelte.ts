// Plays one stream of one camera as it is recorded: takes messages from the live socket, keeps the buffer in
// one piece, and the picture close behind its end.
import type { CameraState, StreamName } from '$lib/api/types';
import { canPlay, codecsOf, tracksOf } from '$lib/player/codec';
import { startPlaying } from '$lib/player/start';
import type { Fragment, Init, LiveMessage } from './message';
import { Pace } from './pace';
import { Places } from './placement';
import { Sink } from './sink';
import { liveSocket, type LiveSocket } from './socket';

/** Older than this is taken out of the buffer (seconds). */
const kept_s = 20;
const tickMs = 100;
/** A paused or hidden picture gives up its place on the line after this (milliseconds). */
const idleMs = 5000;

/** What a live player can be told about its camera. */
export interface Absence {
  state: CameraState;
  /** Milliseconds since the Unix epoch. */
  since: number;
}

/** Live playback on one video element. */
export class LivePlayback {
  /** Whether a picture is running (not waiting for media, not paused). */
  running = $state(false);
  /** Why there is no picture, if the service said so. */
  away = $state<Absence | null>(null);
  /** Whether the stream has sound; null before its first init. */
  hasSound = $state<boolean | null>(null);
  /** Codec and size of the stream: `h264 640x360`. */
  video = $state<string | null>(null);

  #sink: Sink | null = null;
  #places = new Places();
  #pace = new Pace();
  #init: { head: Init; bytes: Uint8Array<ArrayBuffer> } | null = null;
  #unwatch: (() => void) | null = null;
  #ticker: ReturnType<typeof setInterval>;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #paused = false;
  #closed = false;
  #failures = 0;
  #seekAt = 0;

  /**
   * Begins at once.
   * @param element the element to play on.
   * @param refused called when the stream turns out to be in a format that this browser cannot play.
   */
  constructor(
    readonly camera: string,
    readonly stream: StreamName,
    private readonly element: HTMLVideoElement,
    private readonly refused: () => void,
    private readonly socket: LiveSocket = liveSocket,
  ) {
    this.#ticker = setInterval(() => this.#tick(), tickMs);
    document.addEventListener('visibilitychange', this.#visibility);
    this.#watch();
  }

  /** The wall time of the picture on the screen in milliseconds, or null before the first. */
  get position(): number | null {
    return this.#sink ? this.#places.wallAt(this.element.currentTime) : null;
  }

  /** How far the picture is behind the end of what has arrived, and how far it should be (seconds). */
  get lag(): { ahead_s: number; target_s: number } {
    return { ahead_s: this.#ahead(), target_s: this.#pace.target };
  }

  /** Stands still. After some seconds nothing more is asked of the service. */
  pause(): void {
    this.#paused = true;
    this.running = false;
    this.element.pause();
    this.#sleepSoon();
  }

  /** Goes on, live. */
  play(): void {
    this.#paused = false;
    this.#wake();
  }

  /** Ends; the element is free for something else. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#ticker);
    clearTimeout(this.#idle);
    document.removeEventListener('visibilitychange', this.#visibility);
    this.#unwatch?.();
    this.#unwatch = null;
    this.#sink?.close();
    this.#sink = null;
    this.running = false;
  }

  #visibility = () => {
    if (document.hidden) this.#sleepSoon();
    else if (!this.#paused) this.#wake();
  };

  #sleepSoon(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      this.#unwatch?.();
      this.#unwatch = null;
    }, idleMs);
  }

  #wake(): void {
    clearTimeout(this.#idle);
    this.#pace.restart();
    if (!this.#unwatch) this.#watch();
  }

  #watch(): void {
    this.#places.needKey();
    this.#unwatch = this.socket.watch({ camera: this.camera, stream: this.stream }, (m) => this.#hear(m));
  }

  #hear({ head, payload }: LiveMessage): void {
    switch (head.kind) {
      case 'init':
        this.#begin(head, payload);
        break;
      case 'fragment':
        this.#append(head, payload);
        break;
      case 'away':
        this.away = { state: head.state, since: Date.parse(head.since) };
        break;
    }
  }

  #begin(head: Init, bytes: Uint8Array<ArrayBuffer>): void {
    const last = this.#init;
    const before = last?.head;
    // The same again, after the connection was lost: appended, it would make the browser drop all pictures up to the
    // next keyframe.
    if (this.#sink && last && before?.run === head.run && same(last.bytes, bytes)) return;
    this.#init = { head, bytes };
    this.hasSound = head.sound;
    this.video = head.video;
    if (!canPlay(head.mime, head.video)) {
      this.#sink?.close();
      this.#sink = null;
      this.refused();
      return;
    }
    if (!this.#sink || !before || tracksOf(before.mime) !== tracksOf(head.mime)) {
      this.#rebuild();
      return;
    }
    if (codecsOf(before.mime) !== codecsOf(head.mime)) this.#sink.setType(head.mime);
    this.#sink.append(bytes);
  }

  /** A new MediaSource; what comes before the next keyframe is left out. */
  #rebuild(): void {
    if (!this.#init || this.#closed) return;
    this.#sink?.close();
    this.#places.restart();
    this.#pace.restart();
    this.#sink = new Sink(
      this.element,
      this.#init.head.mime,
      () => this.#recover(),
      () => {},
    );
    this.#sink.append(this.#init.bytes);
  }

  /** The browser refused something: begin anew behind it, less eagerly each time so as not to spin. */
  #recover(): void {
    this.#sink = null;
    this.running = false;
    setTimeout(() => this.#rebuild(), Math.min(5000, 100 * 2 ** this.#failures++));
  }

  #append(head: Fragment, bytes: Uint8Array<ArrayBuffer>): void {
    this.away = null;
    const sink = this.#sink;
    if (!sink) return;
    const placement = this.#places.place(head);
    if (placement.drop) return;
    if (placement.moved) sink.setOffset(placement.offset);
    sink.append(bytes);
    // Long enough without a fault: the next one is forgiven as quickly as the first.
    if (this.running && this.#places.end > 60) this.#failures = 0;
  }

  #ahead(): number {
    const last = this.#sink?.ranges.at(-1);
    return last ? last.end - this.element.currentTime : 0;
  }

  #tick(): void {
    const sink = this.#sink;
    const ranges = sink?.ranges ?? [];
    const last = ranges.at(-1);
    if (!sink || !last) return;
    const { element } = this;
    // A seek that is seeked again before its picture is there never ends.
    if (element.seeking && performance.now() - this.#seekAt < 1500) return;
    if (element.currentTime - (ranges[0]?.start ?? 0) > kept_s + 5) sink.removeBefore(element.currentTime - kept_s);
    if (this.#paused || document.hidden) {
      // Nobody looks: only the last seconds are kept, to go on from.
      if ((ranges[0]?.start ?? 0) < last.end - 3 * kept_s) sink.removeBefore(last.end - kept_s);
      if (this.#paused) return;
    }
    // In front of the buffer, or in a hole of it: go where there is something.
    const here = ranges.find((r) => r.start - 0.05 <= element.currentTime && element.currentTime < r.end);
    const ahead = here ? here.end - element.currentTime : last.end - Math.max(element.currentTime, last.start);
    const step = this.#pace.step(here === last || !here ? ahead : last.end - element.currentTime, performance.now());
    if (step.jumpTo !== null) this.#seek(Math.max(last.start, last.end - step.jumpTo));
    else if (!here && step.rate > 0 && last.start > element.currentTime) this.#seek(last.start + 0.01);
    else if (here && here !== last && ahead < 0.05) this.#leap(ranges, here.end);
    if (step.rate === 0) {
      if (!element.paused && this.running) element.pause();
      this.running = false;
      return;
    }
    if (element.playbackRate !== step.rate) element.playbackRate = step.rate;
    if (element.paused) void startPlaying(element);
    this.running = !element.paused;
  }

  /** Over a hole in the buffer. */
  #leap(ranges: { start: number; end: number }[], from: number): void {
    const next = ranges.find((r) => r.start > from);
    if (next) this.#seek(next.start + 0.01);
  }

  #seek(time: number): void {
    this.#seekAt = performance.now();
    this.element.currentTime = time;
  }
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}

// The state of one camera's picture, live or recorded, that all components use: what is shown, whether it runs,
// and what has to be said about it.
import type { Camera, StreamName } from '$lib/api/types';
import { LivePlayback } from '$lib/live/live.svelte';
import { Frames } from './frames';
import type { Notice } from './notice';
import { RecordedPlayback } from './recorded.svelte';

/** The speeds there are. */
export const speeds = [0.25, 0.5, 1, 2, 4, 8] as const;

/** For how long a passing notice stays (milliseconds). */
const noticeMs = 8000;

/** What a player needs to know from outside. */
export interface PlayerSetting {
  /** The time of the service now, in milliseconds. */
  now(): number;
  /** The stream to show first. */
  stream: StreamName;
  /** Sound off from the start, as on the wall. */
  muted: boolean;
}

/** Plays one camera on one video element. */
export class Player {
  /** Live, or what was recorded. */
  mode = $state<'live' | 'recorded'>('live');
  /** Whether it shall run; see `waiting` for whether it does. */
  playing = $state(true);
  /** The wall time of the picture on the screen in milliseconds; null before the first. */
  position = $state<number | null>(null);
  /** 0.25 to 8; live is always 1. */
  speed = $state(1);
  muted = $state(false);
  /** 0 to 1. */
  volume = $state(1);
  stream = $state<StreamName>('main');
  /** Whether a picture was shown since the last change of mode, camera or stream. */
  hasPicture = $state(false);

  #passing = $state<Notice | null>(null);
  #lasting = $state<Notice | null>(null);
  #live = $state<LivePlayback | null>(null);
  #recorded = $state<RecordedPlayback | null>(null);
  #element: HTMLVideoElement | null = null;
  #frames = new Frames();
  #noticeTimer: ReturnType<typeof setTimeout> | undefined;
  #frameCallback = 0;
  #stepping: Promise<void> = Promise.resolve();

  /** @param camera whose picture; its streams and name. */
  constructor(
    readonly camera: Camera,
    private readonly setting: PlayerSetting,
  ) {
    this.stream = camera.streams.includes(setting.stream) ? setting.stream : (camera.streams[0] ?? 'main');
    this.muted = setting.muted;
  }

  /** What is to be said now: about the camera first, then about what was just passed. */
  get message(): Notice | null {
    const away = this.mode === 'live' ? this.#live?.away : null;
    if (away) return { about: 'away', ...away };
    return this.#lasting ?? this.#passing;
  }

  /** Whether pictures are awaited and none comes. */
  get waiting(): boolean {
    if (this.#lasting || !this.playing) return false;
    return this.mode === 'live' ? !this.#live?.running && !this.#live?.away : (this.#recorded?.waiting ?? false);
  }

  /** Whether there is sound here; null while unknown. */
  get hasSound(): boolean | null {
    return (this.mode === 'live' ? this.#live?.hasSound : this.#recorded?.hasSound) ?? null;
  }

  /** How far live is behind what has arrived (seconds); null while recorded. */
  get lag(): { ahead_s: number; target_s: number } | null {
    return this.#live?.lag ?? null;
  }

  /** The wall time that it runs at now, between two pictures too; null while live. */
  get runsAt(): number | null {
    return this.#recorded?.position ?? null;
  }

  /** Whether nothing is recorded from here on, or what is cannot be shown. */
  get isOver(): boolean {
    return this.#lasting !== null;
  }

  /** The element that is played on, or null. For tests and support. */
  get video(): HTMLVideoElement | null {
    return this.#element;
  }

  /** Plays on this element from now on, live or from a moment. */
  attach(element: HTMLVideoElement, from: number | null): void {
    this.#element = element;
    element.muted = this.muted;
    element.volume = this.volume;
    element.addEventListener('seeking', this.#leap);
    element.addEventListener('volumechange', this.#volumeChanged);
    this.#frameCallback = element.requestVideoFrameCallback(this.#shown);
    if (from === null) this.goLive();
    else this.seek(from);
  }

  /** Lets go of the element. */
  detach(): void {
    this.#close();
    clearTimeout(this.#noticeTimer);
    this.#element?.cancelVideoFrameCallback(this.#frameCallback);
    this.#element?.removeEventListener('seeking', this.#leap);
    this.#element?.removeEventListener('volumechange', this.#volumeChanged);
    this.#element?.removeAttribute('src');
    this.#element?.load();
    this.#element = null;
  }

  /** Shows what happens now. */
  goLive(): void {
    const element = this.#element;
    if (!element) return;
    this.#close();
    this.mode = 'live';
    this.playing = true;
    this.speed = 1;
    element.defaultPlaybackRate = 1;
    element.playbackRate = 1;
    this.#lasting = null;
    this.#live = new LivePlayback(this.camera.id, this.stream, element, () => this.#unplayable());
  }

  /** Shows a moment (milliseconds since the Unix epoch); one that is not yet past is live. */
  seek(moment: number): void {
    const element = this.#element;
    if (!element) return;
    if (moment >= this.setting.now() - 1000) {
      if (this.mode !== 'live' || !this.#live) this.goLive();
      if (moment > this.setting.now() + 5000) this.#say({ about: 'future' });
      return;
    }
    this.#lasting = null;
    this.#passing = null;
    this.position = moment;
    if (this.#recorded) {
      this.#recorded.seek(moment);
      return;
    }
    this.#close();
    this.mode = 'recorded';
    element.playbackRate = this.speed;
    this.#recorded = this.#record(element, moment);
    this.#recorded.speed = this.speed;
    this.#recorded.playing = this.playing;
  }

  /** Moves by seconds from where it is. */
  move(seconds: number): void {
    if (this.mode === 'live' && seconds > 0) return;
    const from = this.position ?? this.setting.now();
    this.seek(from + seconds * 1000);
  }

  /** Runs, or goes on where it stood; live goes on live. */
  play(): void {
    this.playing = true;
    if (this.mode === 'live') this.#live?.play();
    else if (this.#recorded) this.#recorded.playing = true;
  }

  /** Stands still. */
  pause(): void {
    this.playing = false;
    if (this.mode === 'live') this.#live?.pause();
    else if (this.#recorded) this.#recorded.playing = false;
  }

  /** Play or pause. */
  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  /** How fast. Live cannot be faster; slower, it is what was recorded a moment ago. */
  setSpeed(times: number): void {
    const wanted = Math.min(8, Math.max(0.25, times));
    if (this.mode === 'live') {
      if (wanted >= 1) return;
      this.speed = wanted;
      this.move(-2);
      return;
    }
    this.speed = wanted;
    if (this.#recorded) this.#recorded.speed = wanted;
  }

  /** The next faster (1) or slower (-1) speed. */
  changeSpeed(direction: 1 | -1): void {
    const faster = speeds.find((s) => s > this.speed) ?? 8;
    const slower = speeds.findLast((s) => s < this.speed) ?? 0.25;
    this.setSpeed(direction > 0 ? faster : slower);
  }

  /** Sound off or on. */
  setMuted(muted: boolean): void {
    this.muted = muted;
    if (this.#element) this.#element.muted = muted;
  }

  /** How loud, 0 to 1; anything above 0 is also sound on. */
  setVolume(volume: number): void {
    this.volume = Math.min(1, Math.max(0, volume));
    if (this.#element) this.#element.volume = this.volume;
    this.setMuted(this.volume === 0);
  }

  /** The other stream at the same moment. */
  setStream(stream: StreamName): void {
    if (stream === this.stream || !this.camera.streams.includes(stream)) return;
    const moment = this.position;
    this.stream = stream;
    this.#frames.forget();
    this.#close();
    if (this.mode === 'recorded' && moment !== null) this.seek(moment);
    else this.goLive();
  }

  /** Exactly one picture on (1) or back (-1); stands still then. Steps wait for each other. */
  step(direction: 1 | -1): Promise<void> {
    if (this.playing) this.pause();
    this.#stepping = this.#stepping.then(() => this.#step(direction)).catch(() => {});
    return this.#stepping;
  }

  async #step(direction: 1 | -1): Promise<void> {
    const element = this.#element;
    const from = this.#frames.time;
    if (!element || from === null) return;
    for (let tries = 0; tries < 6; tries++) {
      element.currentTime = this.#frames.target(from, direction, tries);
      const shown = await pictureAfterSeek(element);
      if (shown !== null && Math.abs(shown - from) > 0.0005) return;
    }
  }

  /** The browser may have allowed to play without sound only. */
  #volumeChanged = () => {
    if (this.#element) this.muted = this.#element.muted;
  };

  #leap = () => this.#frames.leap();

  #shown = (_now: number, picture: VideoFrameCallbackMetadata): void => {
    const element = this.#element;
    if (!element) return;
    this.#frames.shown(picture.mediaTime, picture.presentedFrames);
    this.hasPicture = true;
    const position = this.mode === 'live' ? this.#live?.position : this.#recorded?.position;
    if (position !== null && position !== undefined) this.position = position;
    this.#frameCallback = element.requestVideoFrameCallback(this.#shown);
  };

  #record(element: HTMLVideoElement, moment: number): RecordedPlayback {
    return new RecordedPlayback(this.camera.id, this.stream, element, moment, this.setting.now, {
      gap: (gap) => this.#say({ about: 'gap', ...gap }),
      damaged: (at) => this.#say({ about: 'damaged', moment: at }),
      end: (at, isNow) => {
        if (isNow) this.goLive();
        else this.#lasting = this.hasPicture ? { about: 'end' } : { about: 'nothing-after', moment: at };
      },
      unsupported: () => this.#unplayable(),
      problem: ({ status, detail }) =>
        this.#say(status === 0 ? { about: 'unreachable' } : { about: 'problem', detail }),
    });
  }

  /** The stream is in a format that this browser lacks: the other one, if that can be hoped to do. */
  #unplayable(): void {
    if (this.stream === 'main' && this.camera.streams.includes('sub')) {
      this.setStream('sub');
      this.#say({ about: 'h265-sub' });
    } else this.#lasting = { about: 'h265' };
  }

  #say(notice: Notice): void {
    this.#passing = notice;
    clearTimeout(this.#noticeTimer);
    this.#noticeTimer = setTimeout(() => (this.#passing = null), noticeMs);
  }

  #close(): void {
    this.#live?.close();
    this.#live = null;
    this.#recorded?.close();
    this.#recorded = null;
    this.#frames.leap();
    this.hasPicture = false;
  }
}

/** The media time of the picture that a seek brings; null if none comes. */
function pictureAfterSeek(element: HTMLVideoElement): Promise<number | null> {
  return new Promise((resolve) => {
    const callback = element.requestVideoFrameCallback((_, picture) => {
      clearTimeout(timer);
      resolve(picture.mediaTime);
    });
    // A seek within the same picture may bring none.
    const timer = setTimeout(() => {
      element.cancelVideoFrameCallback(callback);
      resolve(null);
    }, 400);
  });
}

// Several cameras played in step: their players, the clock that leads them, and what the controls do to all at once.
import type { Camera, StreamName } from '$lib/api/types';
import { Player, speeds } from '$lib/player/player.svelte';
import { InStep, type Follower, type Order } from './instep';

const tickMs = 100;
/** What is recorded cannot be played before it has been written (milliseconds). */
const behindNow = 5000;
/** A picture that went live by itself is fetched back once in so long. */
const againMs = 3000;
/** Who leads and is so far from where it was expected has leapt (milliseconds, at normal speed). */
const leapMs = 1500;

/** Plays several cameras at the same moment. Has the same buttons as the player of one. */
export class Together {
  readonly players: readonly Player[];
  position = $state(0);
  playing = $state(true);
  speed = $state(1);
  stream = $state<StreamName>('sub');
  /** The one camera whose sound is on. */
  heard = $state<string | null>(null);
  /** Cameras that have no picture now, and wait behind their gap. */
  inGap = $state.raw<readonly string[]>([]);

  #fetchAgainAt = 0;
  readonly #step: InStep;
  readonly #ticker: ReturnType<typeof setInterval>;

  /** @param at the moment to begin at. */
  constructor(
    cameras: readonly Camera[],
    stream: StreamName,
    at: number,
    private readonly now: () => number,
  ) {
    this.stream = stream;
    this.players = cameras.map((camera) => new Player(camera, { now, stream, muted: true }));
    this.position = Math.min(at, this.#latest);
    this.#step = new InStep(this.position);
    this.#ticker = setInterval(() => this.#tick(), tickMs);
  }

  /** Whether no sound is on. */
  get muted(): boolean {
    return this.heard === null;
  }

  /** Sound off, or on at the first camera. */
  setMuted(muted: boolean): void {
    this.listen(muted ? null : (this.players[0]?.camera.id ?? null));
  }

  /** Hears this camera and no other. */
  listen(camera: string | null): void {
    this.heard = camera;
    for (const player of this.players) {
      player.setMuted(player.camera.id !== camera);
      if (player.camera.id !== camera) player.setStream(this.stream);
    }
  }

  /** All at a moment. */
  seek(moment: number): void {
    const to = Math.min(moment, this.#latest);
    this.position = to;
    this.#step.seek(to, performance.now());
    for (const player of this.players) player.seek(to);
  }

  /** All follow something else that plays, and is at this moment now. */
  follow(moment: number, playing: boolean, speed: number): void {
    if (speed !== this.speed) this.setSpeed(speed);
    if (Math.abs(moment - this.#step.moment) > leapMs * Math.max(1, speed)) this.seek(moment);
    this.#step.lead(moment);
    if (playing === this.playing) return;
    if (playing) this.play();
    else this.pause();
  }

  /** All some seconds on or back. */
  move(seconds: number): void {
    this.seek(this.#step.moment + seconds * 1000);
  }

  play(): void {
    this.playing = this.#step.playing = true;
  }

  pause(): void {
    this.playing = this.#step.playing = false;
    for (const player of this.players) player.pause();
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  setSpeed(times: number): void {
    this.speed = this.#step.speed = Math.min(8, Math.max(0.25, times));
    // One that went live at the end stays so.
    for (const player of this.players) if (player.mode === 'recorded') player.setSpeed(this.speed);
  }

  /** The next faster (1) or slower (-1) speed. */
  changeSpeed(direction: 1 | -1): void {
    const next = direction > 0 ? speeds.find((s) => s > this.speed) : speeds.findLast((s) => s < this.speed);
    if (next) this.setSpeed(next);
  }

  /** One picture on or back: of the first camera that has one; the others follow it. */
  async step(direction: 1 | -1): Promise<void> {
    if (this.playing) this.pause();
    const first = this.players.find((player) => player.runsAt !== null && !this.inGap.includes(player.camera.id));
    if (!first) return;
    await first.step(direction);
    const moment = first.position ?? this.#step.moment;
    this.position = moment;
    this.#step.seek(moment, performance.now());
    for (const player of this.players) if (player !== first) player.seek(moment);
  }

  /** The sharp or the light pictures of all. */
  setStream(stream: StreamName): void {
    this.stream = stream;
    for (const player of this.players) player.setStream(stream);
    this.seek(this.#step.moment);
  }

  /** Ends; the pictures end with their elements. */
  close(): void {
    clearInterval(this.#ticker);
  }

  get #latest(): number {
    return this.now() - behindNow;
  }

  /** Many cameras send sound with the sharp picture only: that one, then, of the camera that is heard. */
  #fetchSound(): void {
    const player = this.players.find(({ camera }) => camera.id === this.heard);
    if (player?.hasSound === false && player.stream === 'sub') player.setStream('main');
  }

  #tick(): void {
    this.#fetchSound();
    const followers = new Map(this.players.map((player): [string, Follower] => [player.camera.id, this.#follower(player)]));
    const orders = this.#step.look(performance.now(), this.#latest, followers);
    for (const player of this.players) this.#obey(player, orders.get(player.camera.id) ?? { do: 'leave' });
    this.position = this.#step.moment;
    const ahead = this.#step.ahead;
    if (ahead.join() !== this.inGap.join()) this.inGap = ahead;
  }

  /** A player that has come to the end of what is recorded goes live by itself: it is left there, unless that is long after. */
  #follower(player: Player): Follower {
    const isLive = player.mode === 'live';
    const isLost = isLive && player.video !== null && this.#step.moment < this.now() - 4 * behindNow;
    if (isLost && performance.now() > this.#fetchAgainAt) {
      this.#fetchAgainAt = performance.now() + againMs;
      player.seek(this.#step.moment);
    }
    return { position: player.runsAt, waiting: player.waiting, over: isLive || player.isOver };
  }

  #obey(player: Player, order: Order): void {
    if (order.do === 'hold' && player.playing) player.pause();
    if (order.do === 'leap') player.seek(order.to);
    if ((order.do === 'run' || order.do === 'leap') && !player.playing) player.play();
    if (order.do === 'run' && player.video && player.video.playbackRate !== order.rate) player.video.playbackRate = order.rate;
  }
}

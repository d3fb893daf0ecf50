// Plays what was recorded, from a moment on: fetches windows of the playlist ahead of the picture, leaves out
// what is damaged, goes over gaps, and goes on by itself where the set of tracks changes.
import { Problem } from '$lib/api/client';
import { playlist } from '$lib/api/footage';
import type { Span, StreamName } from '$lib/api/types';
import { Archive, type KnownGap } from './archive';
import { bufferedAhead, rangeAfter } from './buffered';
import { playsVideo } from './codec';
import { Feed, stretchesOf, type Fault } from './feed';
import { holesBetween, mediaAt, wallAt } from './media_time';
import { readPlaylist, type Piece } from './playlist';
import { Reel } from './reel';
import { startPlaying } from './start';

const minute = 60_000;
/** The first window: a little before the moment, so that steps back need nothing new (milliseconds). */
const before = 2 * minute;
const after = 20 * minute;
/** The windows that follow. */
const windowLength = 60 * minute;
/** The next window is fetched when less than this is left, at normal speed. */
const reserve = 2 * minute;
/** What ended less than this ago may still be growing. */
const growing = 20_000;
const tickMs = 100;

/** What happens while recordings are played, for the people in front of it. */
export interface RecordedEvents {
  /** There was no picture in this stretch of time; playing goes on after it. */
  gap(gap: KnownGap): void;
  /** A part at this moment is damaged or gone. */
  damaged(moment: number): void;
  /** Nothing is recorded from this moment on. `isNow`: because it is not yet past. */
  end(moment: number, isNow: boolean): void;
  /** The format at this moment cannot be played here. */
  unsupported(span: Span, moment: number): void;
  /** Something else is wrong. */
  problem(problem: Problem): void;
}

/** Recorded playback on one video element. */
export class RecordedPlayback {
  /** Whether pictures are awaited. */
  waiting = $state(true);
  /** Whether there is sound here; null while unknown. */
  hasSound = $state<boolean | null>(null);

  #archive: Archive;
  #reel = new Reel();
  #feed: Feed | null = null;
  #asking: AbortController | null = null;
  #chaining = false;
  #chainAgainAt = 0;
  #ticker: ReturnType<typeof setInterval>;
  #playing = true;
  #speed = 1;
  #wanted: number;
  #lastWall: number | null = null;
  #missing = new Set<string>();
  #stillSince = 0;
  #lastTime = -1;
  #closed = false;
  #over = false;
  #placed: AbortController | null = null;

  /** Begins at once. @param from the moment to begin at, in milliseconds. */
  constructor(
    camera: string,
    stream: StreamName,
    private readonly element: HTMLVideoElement,
    from: number,
    private readonly now: () => number,
    private readonly events: RecordedEvents,
  ) {
    this.#archive = new Archive(camera, stream);
    this.#wanted = from;
    this.#ticker = setInterval(() => this.#tick(), tickMs);
    element.addEventListener('ended', this.#ended);
    void this.#open(from);
  }

  /** The wall time of the picture on the screen in milliseconds; before the first picture, the wanted one. */
  get position(): number {
    if (!this.#feed || this.element.readyState < 1) return this.#wanted;
    if (this.element.seeking) return this.#wanted;
    return wallAt(this.#feed.stretches, this.element.currentTime) ?? this.#wanted;
  }

  /** Goes to another moment. */
  seek(moment: number): void {
    this.#wanted = moment;
    this.#over = false;
    const feed = this.#feed;
    const stretches = feed?.stretches ?? [];
    const first = stretches[0];
    const found = first && moment >= first.wall - 500 ? mediaAt(stretches, moment) : null;
    if (!feed || !found) {
      void this.#open(moment);
      return;
    }
    this.#asking?.abort();
    if (found.hole) this.#tellGap(found.hole);
    if (found.hole) this.#wanted = found.hole.to;
    this.#lastWall = null;
    this.element.currentTime = found.time + 0.001;
  }

  /** Goes on, or stands still. */
  set playing(wanted: boolean) {
    this.#playing = wanted;
    if (!wanted) this.element.pause();
    else if (this.#feed) void startPlaying(this.element);
  }

  /** How fast, 1 is as it was. */
  set speed(times: number) {
    this.#speed = times;
    // A new source begins at the default.
    this.element.defaultPlaybackRate = times;
    this.element.playbackRate = times;
    if (this.#feed) this.#feed.speed = times;
  }

  /** Ends; the element is free for something else. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#ticker);
    this.element.removeEventListener('ended', this.#ended);
    this.#asking?.abort();
    this.#placed?.abort();
    this.#feed?.close();
    this.#feed = null;
  }

  #ended = () => this.#atEnd();

  /** Begins anew around a moment. */
  async #open(moment: number): Promise<void> {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    this.waiting = true;
    this.#wanted = moment;
    this.element.pause();
    try {
      const range = { from: moment - before, to: Math.max(Math.min(moment + after, this.now()), moment + 1000) };
      const [reel] = await Promise.all([
        this.#windowWith(moment, range, asking.signal),
        this.#archive.learn(range, asking.signal),
      ]);
      if (asking.signal.aborted || this.#closed) return;
      const found = mediaAt(stretchesOf(reel.pieces), moment);
      if (!found) {
        await this.#openAfter(moment, asking.signal);
        return;
      }
      if (found.hole) this.#tellGap(found.hole);
      const start = found.hole?.to ?? moment;
      const span = this.#archive.at(start);
      if (span && !playsVideo(span.video)) {
        this.events.unsupported(span, start);
        return;
      }
      this.#reel = reel;
      this.#missing.clear();
      this.#chainAgainAt = 0;
      this.#over = false;
      this.#restart(start);
    } catch (error) {
      this.#fail(error, asking.signal, () => this.#open(moment));
    }
  }

  /** Nothing at this moment nor soon after it: the next picture, however late. */
  async #openAfter(moment: number, signal: AbortSignal): Promise<void> {
    const next = await this.#archive.nextPicture(moment, this.now(), signal);
    if (signal.aborted || this.#closed) return;
    // What the time line knows but no playlist has yet is being written just now.
    if (next === null || next <= moment + 50) {
      this.#over = true;
      this.waiting = false;
      this.events.end(moment, this.now() - moment < growing || next !== null);
      return;
    }
    this.#tellGap({ from: moment, to: next });
    await this.#open(next);
  }

  /** The window that has a moment in it: one that ends before, where the set of tracks changes, leads to the next. */
  async #windowWith(moment: number, range: { from: number; to: number }, signal: AbortSignal): Promise<Reel> {
    let reel = await this.#window(range, signal);
    for (let hop = 0; hop < 20 && reel.next !== null && (reel.last?.to ?? 0) <= moment + 1; hop++)
      reel = await this.#window({ from: reel.next + 1, to: Math.max(range.to, reel.next + 1000) }, signal);
    return reel;
  }

  async #window(range: { from: number; to: number }, signal?: AbortSignal): Promise<Reel> {
    const reel = new Reel();
    try {
      const { text, address } = await playlist(this.#archive.camera, range, this.#archive.stream, signal);
      reel.add(readPlaylist(text, address));
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 404) throw error;
    }
    return reel;
  }

  #fail(error: unknown, signal: AbortSignal, again: () => Promise<void>): void {
    if (signal.aborted || this.#closed) return;
    const problem = error instanceof Problem ? error : new Problem(0, String(error));
    this.events.problem(problem);
    if (problem.status === 0 || problem.status >= 500)
      setTimeout(() => {
        if (!signal.aborted && !this.#closed) void again();
      }, 2000);
  }

  /** A new run of hls.js from a moment on, over the reel as it is now. */
  #restart(moment: number): void {
    this.#feed?.close();
    this.waiting = true;
    this.#wanted = moment;
    this.#lastWall = null;
    this.#stillSince = performance.now();
    const found = mediaAt(stretchesOf(this.#reel.pieces), moment);
    if (!found) {
      this.#feed = null;
      this.#atEnd();
      return;
    }
    this.#feed = new Feed(this.element, this.#reel, found.time + 0.001, {
      missing: (piece) => this.#missing.add(piece.key),
      // Before anything is decoded, so that it need not be done twice.
      placed: () => {
        if (this.element.readyState < 2) this.#place(moment);
      },
      fault: (fault) => this.#recover(fault),
    });
    this.speed = this.#speed;
    this.#placed?.abort();
    this.#placed = new AbortController();
    const { signal } = this.#placed;
    this.element.addEventListener('loadeddata', () => this.#place(moment), { once: true, signal });
    if (this.#playing) void startPlaying(this.element);
  }

  /**
   * Only the first piece itself says where its picture is: sound may begin before it, and hls.js puts the earlier of
   * the two where the playlist says.
   */
  #place(moment: number): void {
    const found = mediaAt(this.#feed?.stretches ?? [], moment);
    if (found && Math.abs(found.time + 0.001 - this.element.currentTime) > 0.02)
      this.element.currentTime = found.time + 0.001;
  }

  /** Leaves out what is damaged and goes on behind it. Each time something is left out, so this comes to an end. */
  #recover(fault: Fault): void {
    const at = this.position;
    if (fault.kind === 'network') {
      this.events.problem(new Problem(0, ''));
      this.#feed?.close();
      this.#feed = null;
      const moment = at;
      setTimeout(() => {
        if (!this.#closed && !this.#feed) this.#restart(moment);
      }, 2000);
      return;
    }
    const pieces = this.#reel.pieces;
    const piece = fault.kind === 'piece' ? fault.piece : pieceAt(pieces, at + 200);
    if (!piece) {
      this.#atEnd();
      return;
    }
    if (fault.kind === 'piece' && fault.wholeFile) this.#reel.dropFile(piece);
    else this.#reel.drop(piece);
    const behind = piece.wall + piece.duration * 1000;
    const isHere = at >= piece.wall - 500 && at < behind;
    // One that is still ahead is told of when the picture comes to it.
    if (isHere) this.events.damaged(piece.wall);
    this.#restart(isHere ? behind : at);
  }

  #tick(): void {
    const { element } = this;
    const feed = this.#feed;
    if (!feed || element.readyState < 1) return;
    if (this.#playing && element.paused && !element.ended && !this.#over) void startPlaying(element);
    const wall = this.position;
    // Where to go on if the browser throws everything away in the next moment.
    this.#wanted = wall;
    this.hasSound = this.#archive.at(wall)?.sound ?? null;
    this.#watchStill();
    this.#tellPassed(feed, wall);
    void this.#chain(wall);
  }

  /** What was passed since the last look: gaps and missing pieces. */
  #tellPassed(feed: Feed, wall: number): void {
    const last = this.#lastWall;
    if (this.element.seeking) return;
    this.#lastWall = wall;
    if (last === null || wall <= last || wall - last < 300) return;
    const bad = [...feed.pieces.filter((p) => this.#missing.has(p.key)), ...this.#reel.damaged];
    const missing = bad.find((p) => p.wall + p.duration * 1000 > last && p.wall < wall);
    if (missing) this.events.damaged(missing.wall);
    const hole = holesBetween(feed.stretches, last, wall).at(-1);
    if (hole && !missing) this.#tellGap(hole);
  }

  /** A picture that stands still though it should run: over the hole, or over what cannot be decoded. */
  #watchStill(): void {
    const { element } = this;
    const now = performance.now();
    if (element.currentTime !== this.#lastTime || element.paused) {
      this.#lastTime = element.currentTime;
      this.#stillSince = now;
      this.waiting = element.seeking && element.readyState < 2;
      return;
    }
    const still = now - this.#stillSince;
    this.waiting = still > 400;
    const next = rangeAfter(element);
    if (next !== null && still > 250 && this.#maySkip(element.currentTime, next, still)) {
      element.currentTime = next + 0.01;
      this.#stillSince = now;
    } else if (next === null && still > 4000 && bufferedAhead(element) > 1) {
      // Media is there and does not run: what is under the picture cannot be decoded.
      this.#recover({ kind: 'decode' });
    } else if (this.#reel.complete && still > 200 && this.#nearEnd()) this.#atEnd();
  }

  #maySkip(from: number, to: number, still: number): boolean {
    if (to - from < 0.6 || still > 6000) return true;
    const feed = this.#feed;
    const between = (feed?.stretches ?? []).map((s, i) => ({ s, piece: feed?.pieces[i] }));
    return between
      .filter(({ s }) => s.start + s.duration > from + 0.1 && s.start < to - 0.1)
      .every(({ piece }) => piece && this.#missing.has(piece.key));
  }

  #nearEnd(): boolean {
    const last = this.#feed?.stretches.at(-1);
    const { element } = this;
    // A browser stops a picture or two before the end of what it has, and sound may last longer than the picture.
    return last !== undefined && element.currentTime > last.start + last.duration - 0.5 && bufferedAhead(element) < 0.5;
  }

  /** Fetches the next window before this one is played to its end. */
  async #chain(wall: number): Promise<void> {
    const last = this.#reel.last;
    if (!last || this.#chaining || this.#reel.complete) return;
    if (last.to - wall > reserve * Math.max(1, this.#speed) || performance.now() < this.#chainAgainAt) return;
    this.#chaining = true;
    const reel = this.#reel;
    try {
      const now = this.now();
      // From the last piece, not behind it: what overlaps says that time stamps go on.
      const range = { from: last.from, to: Math.max(Math.min(last.from + windowLength, now), last.to) };
      const added = await this.#extend(reel, range);
      if (reel !== this.#reel || added > 0) return;
      if (now - last.to < growing) this.#chainAgainAt = performance.now() + 1000;
      else await this.#chainOverGap(reel, last.to);
    } catch {
      this.#chainAgainAt = performance.now() + 3000;
    } finally {
      this.#chaining = false;
    }
  }

  async #chainOverGap(reel: Reel, end: number): Promise<void> {
    const next = await this.#archive.nextPicture(end + 100, this.now());
    const added = next === null ? 0 : await this.#extend(reel, { from: next, to: next + windowLength });
    if (added === 0) reel.final = true;
  }

  async #extend(reel: Reel, range: { from: number; to: number }): Promise<number> {
    const { camera, stream } = this.#archive;
    const [window] = await Promise.all([
      playlist(camera, range, stream).catch((error: unknown) => {
        if (error instanceof Problem && error.status === 404) return null;
        throw error;
      }),
      this.#archive.learn(range),
    ]);
    return window ? reel.add(readPlaylist(window.text, window.address)) : 0;
  }

  /** The reel is played to its end. */
  #atEnd(): void {
    if (this.#over || this.#closed) return;
    this.#over = true;
    const { next, last } = this.#reel;
    if (next !== null) {
      void this.#open(next);
      return;
    }
    this.waiting = false;
    const moment = last?.to ?? this.#wanted;
    this.events.end(moment, this.now() - moment < growing);
  }

  #tellGap(hole: { from: number; to: number }): void {
    this.events.gap({ ...hole, reason: this.#archive.reason(hole) });
  }
}

function pieceAt(pieces: readonly Piece[], wall: number): Piece | undefined {
  return pieces.find((p) => p.wall + p.duration * 1000 > wall) ?? pieces.at(-1);
}

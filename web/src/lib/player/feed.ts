// One run of hls.js over a reel: from a start until something has to be left out, then there is a new one.
// hls.js never asks for a playlist over the network: it gets the reel, which grows.
import type HlsType from 'hls.js';
import type { ErrorData, HlsConfig, RetryConfig } from 'hls.js';
import { damagedStatus, pieceLoader, reelLoader } from './loaders';
import type { Stretch } from './media_time';
import { Places } from './places';
import type { Piece } from './playlist';
import type { Reel } from './reel';

type Hls = typeof HlsType;
/** hls.js is large; it is fetched when the first recording is played. */
let library: Promise<Hls> | undefined;
const load = () => (library ??= import('hls.js').then((m) => m.default));

/** What went wrong, as far as it decides what to do. */
export type Fault =
  /** This piece, or the beginning of its file, cannot be had or read. */
  | { kind: 'piece'; piece: Piece; wholeFile: boolean }
  /** The decoder gave up about where the picture is. */
  | { kind: 'decode' }
  /** The service cannot be reached. */
  | { kind: 'network' };

/** What a feed tells its owner. */
export interface FeedEvents {
  /** A piece, or the rest of it, could not be had; it is jumped over and playing goes on. */
  missing(piece: Piece): void;
  /** It is known exactly now where the pictures stand; nothing of them was decoded yet when it is the first time. */
  placed(): void;
  /** Nothing goes any more: this feed is of no use. */
  fault(fault: Fault): void;
}

const gone = [403, 404, 410, 416, damagedStatus];

/** Gone is gone; a service that is busy or starting is asked again. */
const retry: RetryConfig = {
  maxNumRetry: 12,
  retryDelayMs: 500,
  maxRetryDelayMs: 4000,
  shouldRetry: (_config, count, _timeout, response) => {
    const code = response?.code ?? 0;
    if (gone.includes(code)) return false;
    return code === 0 ? count < 12 : count < 2;
  },
};

/** Plays a reel on a video element. */
export class Feed {
  #hls: HlsType | null = null;
  #closed = false;
  /** What hls.js was given, by media sequence number. */
  #order: Piece[];
  #speed = 1;
  #places = new Places();

  /** @param startAt media time at which to begin, in seconds. */
  constructor(
    private readonly element: HTMLVideoElement,
    private readonly reel: Reel,
    private readonly startAt: number,
    private readonly events: FeedEvents,
  ) {
    this.#order = reel.pieces;
    element.addEventListener('error', this.#videoFailed);
    void load().then((Library) => this.#start(Library));
  }

  /** Where each piece is on the media's time line now; hls.js corrects it as it learns. */
  get stretches(): Stretch[] {
    const fragments = this.#hls?.latestLevelDetails?.fragments;
    if (fragments?.length)
      return this.#places.of(
        fragments.map(({ start, duration, programDateTime, cc }, at) => ({
          stretch: { start, duration, wall: programDateTime ?? 0 },
          piece: this.#order[at],
          cc,
        })),
      );
    return stretchesOf(this.#order);
  }

  /** The pieces that hls.js knows, in order. */
  get pieces(): Piece[] {
    return this.#order;
  }

  /** Faster playing needs more in advance. */
  set speed(times: number) {
    this.#speed = times;
    if (this.#hls) Object.assign(this.#hls.config, buffering(times));
  }

  /** Ends it; the element keeps its last picture until it gets another source. */
  close(): void {
    this.#closed = true;
    this.element.removeEventListener('error', this.#videoFailed);
    this.#hls?.destroy();
    this.#hls = null;
  }

  #missing(number: number): void {
    const piece = this.#order[number];
    if (piece && !this.#closed) this.events.missing(piece);
  }

  #videoFailed = () => this.#fault({ kind: 'decode' });

  #start(Library: Hls): void {
    if (this.#closed) return;
    const reel = this.reel;
    const refresh = () => (this.#order = reel.pieces);
    const hls = new Library({
      ...buffering(this.#speed),
      startPosition: Math.max(this.startAt, 0),
      // A worker would have to come from a blob: address, which the page's rules do not allow.
      enableWorker: false,
      lowLatencyMode: false,
      backBufferLength: 60,
      maxBufferHole: 0.5,
      nudgeMaxRetry: 5,
      // A browser keeps "gone" for one range as its answer for the whole file, and video has no place in its cache.
      xhrSetup: (request) => request.setRequestHeader('Cache-Control', 'no-cache'),
      enableCEA708Captions: false,
      enableWebVTT: false,
      enableIMSC1: false,
      fragLoadPolicy: {
        default: { maxTimeToFirstByteMs: 10_000, maxLoadTimeMs: 60_000, timeoutRetry: retry, errorRetry: retry },
      },
      fLoader: pieceLoader(Library.DefaultConfig, {
        short: (number) => this.#missing(number),
        header: (address, bytes) => this.#places.header(address, bytes),
        piece: (number, bytes) => this.#places.piece(this.#order[number], bytes),
      }),
      pLoader: reelLoader(Library.DefaultConfig, () => {
        refresh();
        return reel.text();
      }),
    });
    this.#hls = hls;
    hls.on(Library.Events.ERROR, (_, data) => this.#failed(Library, data));
    hls.on(Library.Events.INIT_PTS_FOUND, (_, { frag, initPTS, timescale }) => {
      this.#places.zero(frag.cc, initPTS / timescale);
      if (!this.#closed) this.events.placed();
    });
    hls.loadSource(new URL('/api/reel.m3u8', location.href).href);
    hls.attachMedia(this.element);
  }

  #failed(Library: Hls, data: ErrorData): void {
    const piece = this.#pieceOf(data);
    const { FRAG_LOAD_ERROR, FRAG_PARSING_ERROR, BUFFER_APPEND_ERROR, MEDIA_SOURCE_REQUIRES_RESET } =
      Library.ErrorDetails;
    // hls.js would fetch the same piece into a new buffer, and fail there again, for ever.
    if (data.details === MEDIA_SOURCE_REQUIRES_RESET || data.details === BUFFER_APPEND_ERROR) {
      this.#fault(piece ? { kind: 'piece', piece, wholeFile: false } : { kind: 'decode' });
      return;
    }
    const isLoad = data.details === FRAG_LOAD_ERROR;
    if (!data.fatal) {
      if (piece && isLoad && gone.includes(data.response?.code ?? 0) && data.frag?.sn !== 'initSegment')
        this.events.missing(piece);
      return;
    }
    const offline = data.type === Library.ErrorTypes.NETWORK_ERROR && !gone.includes(data.response?.code ?? 0);
    if (offline && (data.response?.code ?? 0) === 0) this.#fault({ kind: 'network' });
    else if (piece && (isLoad || data.details === FRAG_PARSING_ERROR || offline))
      this.#fault({ kind: 'piece', piece, wholeFile: data.frag?.sn === 'initSegment' });
    else this.#fault({ kind: 'decode' });
  }

  #pieceOf({ frag }: ErrorData): Piece | null {
    if (!frag) return null;
    if (typeof frag.sn === 'number') return this.#order[frag.sn] ?? null;
    return this.#order.find((p) => p.address === frag.url) ?? null;
  }

  #fault(fault: Fault): void {
    if (this.#closed) return;
    // Not within hls.js's own call, which is not over yet.
    queueMicrotask(() => {
      if (!this.#closed) this.events.fault(fault);
    });
  }
}

/** Pieces one after the other, as they are before hls.js has seen any of them. */
export function stretchesOf(pieces: readonly Piece[]): Stretch[] {
  let start = 0;
  return pieces.map(({ duration, wall }) => {
    const stretch = { start, duration, wall };
    start += duration;
    return stretch;
  });
}

function buffering(speed: number): Partial<HlsConfig> {
  const ahead = 30 * Math.max(1, speed);
  return { maxBufferLength: ahead, maxMaxBufferLength: ahead * 2, maxBufferSize: 100_000_000 };
}

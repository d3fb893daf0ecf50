// What hls.js loads with: playlists from the reel in memory, and pieces over the network, looked at before they
// are handed on.
import type {
  FragmentLoaderContext,
  HlsConfig,
  Loader,
  LoaderCallbacks,
  LoaderConfiguration,
  LoaderContext,
  LoaderResponse,
  PlaylistLoaderContext,
} from 'hls.js';
import { isWhole } from './boxes';

/** The status of a piece that came, but damaged: the service knows no such answer. */
export const damagedStatus = 422;

type LoaderClass<Context extends LoaderContext> = new (config: HlsConfig) => Loader<Context>;

/** A loader that answers every request for a playlist with the reel as it is now. */
export function reelLoader(defaults: HlsConfig, text: () => string): NonNullable<HlsConfig['pLoader']> {
  const Base = defaults.loader as unknown as LoaderClass<PlaylistLoaderContext>;
  class ReelLoader extends Base {
    override load(
      context: PlaylistLoaderContext,
      _config: LoaderConfiguration,
      callbacks: LoaderCallbacks<PlaylistLoaderContext>,
    ): void {
      this.context = context;
      const now = performance.now();
      const { stats } = this;
      stats.loading = { start: now, first: now, end: now };
      queueMicrotask(() => {
        if (stats.aborted) return;
        const data = text();
        stats.loaded = stats.total = data.length;
        const response: LoaderResponse = { url: context.url, data, code: 200 };
        callbacks.onSuccess(response, stats, context, null);
      });
    }
  }
  return ReelLoader as unknown as NonNullable<HlsConfig['pLoader']>;
}

/** What is learnt from the bytes that come. Pieces by their number in the reel. */
export interface Arrivals {
  /** The service gave less than was asked for, because the piece is damaged further on. */
  short(number: number): void;
  /** The beginning of a file. */
  header(address: string, bytes: ArrayBuffer): void;
  /** A piece, from its beginning. */
  piece(number: number, bytes: ArrayBuffer): void;
}

/** A loader for pieces that refuses those that came damaged, and tells what came. */
export function pieceLoader(defaults: HlsConfig, told: Arrivals): NonNullable<HlsConfig['fLoader']> {
  const Base = defaults.loader as unknown as LoaderClass<FragmentLoaderContext>;
  class PieceLoader extends Base {
    override load(
      context: FragmentLoaderContext,
      config: LoaderConfiguration,
      callbacks: LoaderCallbacks<FragmentLoaderContext>,
    ): void {
      super.load(context, config, {
        ...callbacks,
        onSuccess: (response, stats, of, details) => {
          const { data } = response;
          if (!(data instanceof ArrayBuffer) || !isWhole(data)) {
            callbacks.onError({ code: damagedStatus, text: 'damaged' }, of, details, stats);
            return;
          }
          const { sn, url } = of.frag;
          if (typeof sn !== 'number') told.header(url, data);
          else {
            told.piece(sn, data);
            if (data.byteLength < (of.rangeEnd ?? 0) - (of.rangeStart ?? 0)) told.short(sn);
          }
          callbacks.onSuccess(response, stats, of, details);
        },
      });
    }
  }
  return PieceLoader as unknown as NonNullable<HlsConfig['fLoader']>;
}

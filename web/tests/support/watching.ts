// Looks at what a page really shows: the numbers in the pictures, and the sound that was decoded.
import type { JSHandle, Page } from '@playwright/test';
import { crc8, readStamp } from './stamp';

/** A picture that was on the screen. */
export interface Shown {
  /** Its frame number at the camera. */
  number: number;
  /** When the camera sent it, milliseconds since the Unix epoch. */
  sent: number;
  /** When the browser showed it, likewise. */
  at: number;
  /** Its media time in seconds. */
  time: number;
  width: number;
}

/** What the watcher of a camera has seen so far. */
export interface Watched {
  shown: Shown[];
  /** Pictures whose stamp could not be read. */
  unread: number;
  /** Bytes of sound and picture that were decoded. */
  soundBytes: number;
  pictureBytes: number;
  /** The loudest sample that came out, 0 to 1. */
  loudest: number;
}

/** The same, as it is noted in the page. */
interface Watching extends Watched {
  video: HTMLVideoElement;
  context?: AudioContext;
  meter?: AnalyserNode;
}

declare global {
  interface Window {
    watching: Map<string, Watching>;
    readStamp: typeof readStamp;
  }
}

/** Makes the reader of stamps known to every page; before the first one is opened. */
export async function prepare(page: Page): Promise<void> {
  // Written out, because a page cannot import what a test is made of.
  const constants = 'const blocks = 48, blockLines = 16, sync = 0b10101100, threshold = (220 + 30) / 2;';
  const { blockLuma, videoLuma } = parts();
  await page.addInitScript(
    `{ ${constants} ${crc8.toString()} ${videoLuma} ${blockLuma} window.readStamp = ${readStamp.toString()}; }`,
  );
}

function parts() {
  const videoLuma = 'function videoLuma(r, g, b) { return 16 + (219 / 255) * (0.299 * r + 0.587 * g + 0.114 * b); }';
  const blockLuma = `function blockLuma({ width, data }, row, block) {
    const left = Math.floor((block * width) / blocks), right = Math.floor(((block + 1) * width) / blocks);
    const inset = Math.floor((right - left) / 4);
    let sum = 0, count = 0;
    for (let y = row * blockLines + 5; y < row * blockLines + 11; y++)
      for (let x = left + inset; x < right - inset; x++) {
        const at = (y * width + x) * 4;
        sum += videoLuma(data[at], data[at + 1], data[at + 2]);
        count++;
      }
    return sum / count;
  }`;
  return { videoLuma, blockLuma };
}

/** Begins to note every picture of a camera's player, and its sound. */
export async function watch(page: Page, camera: string): Promise<void> {
  const video = await page.waitForFunction((id) => window.__quaywatch?.player(id)?.video, camera);
  await (video as JSHandle<HTMLVideoElement>).evaluate(note, camera);
}

/** The same of any video in the page; `name` is what it is asked for by. */
export async function watchVideo(page: Page, selector: string, name: string): Promise<void> {
  await page.locator(selector).evaluate<void, string, HTMLVideoElement>(note, name);
}

/** Runs in the page. */
function note(video: HTMLVideoElement, name: string): void {
  window.watching ??= new Map();
  const seen: Watching = {
    video,
    shown: [],
    unread: 0,
    soundBytes: 0,
    pictureBytes: 0,
    loudest: 0,
  };
  window.watching.set(name, seen);
  const canvas = new OffscreenCanvas(16, 32);
  const pen = canvas.getContext('2d', { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  const look = (_now: number, frame: VideoFrameCallbackMetadata) => {
    [canvas.width, canvas.height] = [video.videoWidth, 32];
    pen.drawImage(video, 0, 0, video.videoWidth, video.videoHeight);
    const { width } = canvas;
    const stamp = window.readStamp({ width, height: 32, data: pen.getImageData(0, 0, width, 32).data });
    const at = performance.timeOrigin + frame.expectedDisplayTime;
    if (stamp) seen.shown.push({ ...stamp, at, time: frame.mediaTime, width });
    else seen.unread++;
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  setInterval(() => {
    const counted = video as HTMLVideoElement & {
      webkitAudioDecodedByteCount: number;
      webkitVideoDecodedByteCount: number;
    };
    seen.soundBytes = counted.webkitAudioDecodedByteCount;
    seen.pictureBytes = counted.webkitVideoDecodedByteCount;
  }, 50);
}

/** Measures from now on how loud the sound is that comes out of a camera's player. */
export async function listen(page: Page, camera: string): Promise<void> {
  await page.evaluate((id) => {
    const seen = window.watching.get(id);
    if (!seen || seen.context) return;
    seen.context = new AudioContext();
    seen.meter = seen.context.createAnalyser();
    seen.context.createMediaElementSource(seen.video).connect(seen.meter);
    const samples = new Float32Array(seen.meter.fftSize);
    setInterval(() => {
      seen.meter?.getFloatTimeDomainData(samples);
      for (const sample of samples) seen.loudest = Math.max(seen.loudest, Math.abs(sample));
    }, 50);
  }, camera);
}

/** What was seen so far. */
export async function watched(page: Page, camera: string): Promise<Watched> {
  return page.evaluate((id) => {
    const { shown, unread, soundBytes, pictureBytes, loudest } = window.watching.get(id)!;
    return { shown, unread, soundBytes, pictureBytes, loudest };
  }, camera);
}

/** Waits until this is so of what was seen, and gives that. */
export async function seen(
  page: Page,
  camera: string,
  what: string,
  is: (watched: Watched) => boolean,
  seconds = 30,
): Promise<Watched> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const now = await watched(page, camera);
    if (is(now)) return now;
    if (Date.now() > end) {
      const { shown, ...rest } = now;
      const last = shown.slice(-5).map((one) => one.number);
      throw new Error(`${seconds} s without ${what}: ${shown.length} pictures, ${last}, ${JSON.stringify(rest)}`);
    }
    await page.waitForTimeout(100);
  }
}

/** Frame numbers, each once, in the order in which they were shown. */
export function numbers(shown: Shown[]): number[] {
  return shown.map((one) => one.number).filter((number, at, all) => at === 0 || number !== all[at - 1]);
}

/** A pause between two pictures that were shown one after the other. */
export interface Pause {
  ms: number;
  /** The frame numbers around it. */
  between: [number, number];
}

/** The pauses of more than `most` milliseconds. */
export function pauses(shown: Shown[], most: number): Pause[] {
  return shown
    .slice(1)
    .map((one, at): Pause => ({ ms: one.at - shown[at]!.at, between: [shown[at]!.number, one.number] }))
    .filter(({ ms }) => ms > most);
}

/** How far apart the cameras' pictures are: the moments at which those on the screen were sent. */
export async function apart(page: Page, cameras: string[]): Promise<number> {
  const sent = await Promise.all(cameras.map(async (id) => (await watched(page, id)).shown.at(-1)?.sent ?? NaN));
  return Math.max(...sent) - Math.min(...sent);
}

// A centre for a test: simulated cameras over RTSP, and the real service that records them, in a folder of its own.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');

/** One simulated camera; sizes in pixels, the rest as deploy/sim/settings.py says. */
export interface CameraSpec {
  id: string;
  codec?: 'h264' | 'h265';
  audio?: 'pcma' | 'aac' | 'none';
  size?: [number, number];
  fps?: number;
  gopSeconds?: number;
  kbps?: number;
  sub?: boolean;
  /** Keyframe distance of the sub stream. */
  subGopSeconds?: number;
}

/** A running centre. */
export class Centre {
  readonly folder = mkdtempSync(join(tmpdir(), 'quaywatch-web-'));
  readonly storage = join(this.folder, 'centre');
  port = 0;
  #cameras: ChildProcess | null = null;
  #service: ChildProcess | null = null;

  /** The address of its pages. */
  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts cameras and service; there may be no picture yet. @param segment length of a recorded file. */
  static async start(specs: CameraSpec[], segment = '10s'): Promise<Centre> {
    const centre = new Centre();
    const rtsp = await centre.#startCameras(specs);
    centre.port = await freePort();
    writeFileSync(join(centre.folder, 'edge.toml'), config(specs, rtsp, centre.storage, centre.port, segment));
    await centre.startService();
    return centre;
  }

  async #startCameras(specs: CameraSpec[]): Promise<number> {
    const hall = join(this.folder, 'hall.json');
    const cameras = specs.flatMap((spec) => mounts(spec));
    writeFileSync(hall, JSON.stringify({ port: 0, log: join(this.folder, 'cameras.jsonl'), cameras }));
    const simulator = join(root, 'deploy/sim/cameras.py');
    this.#cameras = spawn('/usr/bin/python3', [simulator, hall, '--exit-on-eof'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ready = await firstLine(this.#cameras);
    return (JSON.parse(ready) as { port: number }).port;
  }

  /** Starts the service, and waits until its pages are served. */
  async startService(): Promise<void> {
    const binary = process.env['QUAYWATCH'] ?? join(root, 'target/debug/quaywatch');
    const log = openSync(join(this.folder, 'edge.log'), 'a');
    this.#service = spawn(binary, ['edge', '--config', join(this.folder, 'edge.toml')], {
      stdio: ['ignore', 'ignore', log],
    });
    await until('the pages to be served', 30, async () => (await fetch(`${this.address}/readyz`)).ok);
  }

  /** Stops the service in order. */
  async stopService(): Promise<void> {
    await ended(this.#service, 'SIGTERM');
    this.#service = null;
  }

  /** Tells the cameras to do something; see deploy/sim/controls.py. */
  control(order: Record<string, unknown>): void {
    this.#cameras?.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  /** What the service has logged. */
  log(): string {
    return readFileSync(join(this.folder, 'edge.log'), 'utf8');
  }

  /** A JSON answer of the service. */
  async ask<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.address}${path}`);
    return (await answer.json()) as T;
  }

  /** What is recorded of a stream since `from`: spans and gaps, in milliseconds since the Unix epoch. */
  async recorded(camera: string, from: number, stream = 'main'): Promise<Recorded> {
    const range = `from=${iso(from)}&to=${iso(Date.now() + 1000)}&stream=${stream}`;
    const { spans, gaps } = await this.ask<Told>(`/api/cameras/${camera}/timeline?${range}`);
    const times = <T extends { from: string; to: string }>(all: T[]) =>
      all.map((one) => ({ ...one, from: Date.parse(one.from), to: Date.parse(one.to) }));
    return { spans: times(spans), gaps: times(gaps) };
  }

  /** Waits until a stream is recorded from some moment on for so many seconds without a break; gives that span. */
  async recording(camera: string, seconds: number, from = Date.now() - 3_600_000, stream = 'main'): Promise<Span> {
    return until(`${seconds} s of ${camera}`, seconds + 60, async () => {
      const { spans } = await this.recorded(camera, from, stream);
      return spans.find((span) => span.to - Math.max(span.from, from) >= seconds * 1000);
    });
  }

  /** Ends everything and removes the folder. */
  async end(): Promise<void> {
    await this.stopService();
    await ended(this.#cameras, 'SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A stretch without a break, in milliseconds since the Unix epoch. */
export interface Span {
  from: number;
  to: number;
  run: number;
  sound: boolean;
  video: string;
}

/** What is recorded of a stream. */
export interface Recorded {
  spans: Span[];
  gaps: { from: number; to: number; reason: string | null }[];
}

interface Told {
  spans: { from: string; to: string; run: number; sound: boolean; video: string }[];
  gaps: { from: string; to: string; reason: string | null }[];
}

/** A moment as the API takes it. */
export const iso = (ms: number) => new Date(ms).toISOString();

/** Asks again and again until there is an answer that is not empty; fails with `what` after so many seconds. */
export async function until<T>(
  what: string,
  seconds: number,
  look: () => Promise<T | undefined | null | false>,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look().catch(() => null);
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

function mounts(spec: CameraSpec): object[] {
  const media = join(root, 'media/vtest.avi');
  const main = {
    mount: `/${spec.id}/main`,
    media,
    size: spec.size ?? [640, 360],
    fps: spec.fps ?? 10,
    codec: spec.codec ?? 'h264',
    gop_s: spec.gopSeconds ?? 2,
    kbps: spec.kbps ?? 600,
    audio: spec.audio ?? 'pcma',
    sound: spec.audio === 'none' ? 'silence' : join(root, 'media/calm.wav'),
  };
  const sub = {
    ...main,
    mount: `/${spec.id}/sub`,
    size: [320, 192],
    fps: 5,
    codec: 'h264',
    gop_s: spec.subGopSeconds ?? 2,
    kbps: 150,
    audio: 'none',
    sound: 'silence',
  };
  return spec.sub ? [main, sub] : [main];
}

function config(specs: CameraSpec[], rtsp: number, storage: string, port: number, segment: string): string {
  const cameras = specs.map(
    (spec) => `
[[camera]]
id = "${spec.id}"
name = "Quầy ${spec.id.split('-').pop()}"
main = "rtsp://127.0.0.1:${rtsp}/${spec.id}/main"
${spec.sub ? `sub = "rtsp://127.0.0.1:${rtsp}/${spec.id}/sub"` : ''}
`,
  );
  return `
[centre]
id = "xuan-lung"
name = "Trung tâm phục vụ hành chính công xã Xuân Lũng"
default_rules = false

[storage]
path = "${storage}"
keep = "30d"
reserve = "10MB"
purpose = "thử nghiệm"
segment = "${segment}"

[web]
listen = "127.0.0.1:${port}"
${cameras.join('')}`;
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (bytes: Buffer) => {
      text += bytes.toString();
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    child.on('exit', () => reject(new Error('the simulated cameras did not start')));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}

function ended(child: ChildProcess | null, signal: NodeJS.Signals): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill(signal);
  });
}

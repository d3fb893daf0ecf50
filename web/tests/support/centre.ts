// A centre for a test: simulated cameras over RTSP, and the real service that records them, in a folder of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cameras, type CameraSpec } from './cameras';
import { edgeConfig, type Configured } from './config';
import { freePort, until } from './process';
import { Service } from './service';

export { until } from './process';

/** A running centre. */
export class Centre extends Service {
  private constructor(
    folder: string,
    port: number,
    readonly cameras: Cameras,
    config: string,
  ) {
    super('edge', folder, port, config);
  }

  /** Where its recordings are. */
  get storage(): string {
    return join(this.folder, 'centre');
  }

  /** Starts cameras and service; there may be no picture yet. */
  static async start(specs: CameraSpec[], configured: Configured = {}): Promise<Centre> {
    const folder = mkdtempSync(join(tmpdir(), 'quaywatch-web-'));
    const cameras = await Cameras.start(folder, specs);
    const port = await freePort();
    const config = edgeConfig(specs, cameras.port, join(folder, 'centre'), port, configured);
    const centre = new Centre(folder, port, cameras, config);
    await centre.start();
    return centre;
  }

  /** Tells the cameras to do something; see deploy/sim/controls.py. */
  control(order: Record<string, unknown>): void {
    this.cameras.control(order);
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
    await this.stop();
    await this.cameras.end();
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

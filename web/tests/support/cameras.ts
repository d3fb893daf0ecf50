// Simulated cameras over RTSP for a test, in a process of their own, and what they can be told to do.
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ended, firstLine, root } from './process';
import { soundsOf, wav } from './wave';

/** One simulated camera; sizes in pixels, the rest as deploy/sim/settings.py says. */
export interface CameraSpec {
  id: string;
  /** What people call it; without one, its number. */
  name?: string;
  codec?: 'h264' | 'h265';
  audio?: 'pcma' | 'aac' | 'none';
  size?: [number, number];
  fps?: number;
  gopSeconds?: number;
  kbps?: number;
  sub?: boolean;
  /** Keyframe distance of the sub stream. */
  subGopSeconds?: number;
  /** The second of the film at which it begins, so that cameras differ. */
  filmFrom?: number;
  /** More of its section in the centre's configuration: zones. */
  more?: string;
}

/** The cameras of a test. */
export class Cameras {
  private constructor(
    private readonly folder: string,
    private readonly child: ChildProcess,
    readonly port: number,
  ) {}

  /** Starts them. */
  static async start(folder: string, specs: CameraSpec[]): Promise<Cameras> {
    const hall = join(folder, 'hall.json');
    const cameras = specs.flatMap((spec) => mounts(spec));
    writeFileSync(hall, JSON.stringify({ port: 0, log: join(folder, 'cameras.jsonl'), cameras }));
    const simulator = join(root, 'deploy/sim/cameras.py');
    const child = spawn('/usr/bin/python3', [simulator, hall, '--exit-on-eof'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ready = JSON.parse(await firstLine(child)) as { port: number };
    return new Cameras(folder, child, ready.port);
  }

  /** Tells them to do something; see deploy/sim/controls.py. */
  control(order: Record<string, unknown>): void {
    this.child.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  /** Lets somebody shout before a camera for some seconds, from now on; it is calm afterwards. */
  shout(camera: string, loudness = 1): void {
    const path = join(this.folder, `shouting-${loudness}.wav`);
    const [speech, calm] = [soundsOf('speech'), soundsOf('calm')];
    const { from, to } = loudPart();
    const loud = speech.part(from, to);
    for (let at = 0; at + 1 < loud.length; at += 2) loud.writeInt16LE(Math.round(loud.readInt16LE(at) * loudness), at);
    writeFileSync(path, wav(Buffer.concat([loud, calm.part(0, 44), calm.part(0, 44)]), speech.rate));
    this.control({ do: 'sound', mount: `/${camera}/main`, sound: path });
  }

  /** Ends them. */
  end(): Promise<void> {
    return ended(this.child, 'SIGKILL');
  }
}

/** Where in the speech somebody shouts, in seconds. */
function loudPart(): { from: number; to: number } {
  interface Marks {
    marks: { name: string; start_s: number; end_s: number }[];
  }
  const { marks } = JSON.parse(readFileSync(join(root, 'media/speech.json'), 'utf8')) as Marks;
  const loud = marks.find(({ name }) => name === 'loud')!;
  return { from: loud.start_s, to: loud.end_s };
}

function mounts(spec: CameraSpec): object[] {
  const main = {
    mount: `/${spec.id}/main`,
    media: join(root, 'media/vtest.avi'),
    media_start: spec.filmFrom ?? 0,
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
    size: [320, 180],
    fps: 5,
    codec: 'h264',
    gop_s: spec.subGopSeconds ?? 2,
    kbps: 150,
    audio: 'none',
    sound: 'silence',
  };
  return spec.sub ? [main, sub] : [main];
}

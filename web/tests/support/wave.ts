// Sound files of the test media, and new ones made of their parts: mono, 16 bits.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './process';

const headBytes = 44;

/** A sound file of the test media. */
export function soundsOf(name: string): { rate: number; part: (from: number, to: number) => Buffer } {
  const file = readFileSync(join(root, `media/${name}.wav`));
  const rate = file.readUInt32LE(24);
  const at = (second: number) => headBytes + 2 * Math.round(second * rate);
  return { rate, part: (from, to) => file.subarray(at(from), at(to)) };
}

/** A sound file of these samples. */
export function wav(samples: Buffer, rate: number): Buffer {
  const head = Buffer.alloc(headBytes);
  head.write('RIFF', 0);
  head.writeUInt32LE(headBytes - 8 + samples.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(2 * rate, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

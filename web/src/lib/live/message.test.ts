import { expect, test } from 'vitest';
import { parseMessage } from './message';

function message(head: string, payload: number[] = []): ArrayBuffer {
  const text = new TextEncoder().encode(head);
  const bytes = new Uint8Array(4 + text.length + payload.length);
  new DataView(bytes.buffer).setUint32(0, text.length);
  bytes.set(text, 4);
  bytes.set(payload, 4 + text.length);
  return bytes.buffer;
}

const fragment = {
  camera: 'quầy-1',
  stream: 'sub',
  kind: 'fragment',
  key: true,
  run: 3,
  start_s: 123.4,
  duration_s: 0.5,
  wall: '2026-11-27T02:10:00.123Z',
};

test('a fragment comes with its head and its payload', () => {
  const found = parseMessage(message(JSON.stringify(fragment), [1, 2, 3]));
  expect(found?.head).toEqual(fragment);
  expect([...(found?.payload ?? [])]).toEqual([1, 2, 3]);
});

test('a camera that is away has no payload', () => {
  const away = { camera: 'counter-1', stream: 'main', kind: 'away', state: 'lost', since: '2026-11-27T02:10:00Z' };
  const found = parseMessage(message(JSON.stringify(away)));
  expect(found?.head).toEqual(away);
  expect(found?.payload.length).toBe(0);
});

test('what is cut short or no message of ours is left out', () => {
  expect(parseMessage(new ArrayBuffer(3))).toBeNull();
  expect(parseMessage(message(JSON.stringify(fragment)).slice(0, 40))).toBeNull();
  expect(parseMessage(message('not json'))).toBeNull();
  expect(parseMessage(message('null'))).toBeNull();
  expect(parseMessage(message(JSON.stringify({ ...fragment, kind: 'later' })))).toBeNull();
  expect(parseMessage(message(JSON.stringify({ ...fragment, start_s: null })))).toBeNull();
});

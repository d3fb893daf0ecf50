import { healthCodes, type HealthItem } from '$lib/api/health';
import { en } from '$lib/words/en';
import { vi } from '$lib/words/vi';
import { describe, expect, test } from 'vitest';
import { worstFirst } from './order';
import { advice, sentence, subject, type Telling } from './sentence';

const telling: Telling = {
  nameOf: (camera) => (camera === 'counter-2' ? 'Quầy 2' : camera),
  now: Date.parse('2026-11-27T09:30:00+07:00'),
  zone: 'Asia/Ho_Chi_Minh',
};
const nine = '2026-11-27T02:12:00Z';

function item(part: string, code: string, values: HealthItem['values'] = {}, more: Partial<HealthItem> = {}): HealthItem {
  return { part, code, state: 'attention', camera: null, values, ...more };
}

describe('every part and code has a sentence and an advice in both languages', () => {
  for (const [part, codes] of Object.entries(healthCodes))
    for (const code of codes)
      test(`${part}.${code}`, () => {
        for (const words of [vi, en] as Record<string, string>[]) {
          expect(words[`health.${part}.${code}`]).toBeTruthy();
          expect(words[`health.${part}.${code}.do`]).toBeTruthy();
          expect(words[`health.part-${part}`]).toBeTruthy();
        }
        expect(sentence(item(part, code, { since: nine, days_left: 12, oldest: nine }), telling)).not.toContain('{{');
      });
});

test('what waits for the province is told in words', () => {
  const backlog = item('province', 'backlog', { events: 3, files: 2, bytes: 14_000_000, oldest: nine });
  expect(sentence(backlog, telling)).toBe('Đang gửi lên tỉnh. 3 sự việc, 2 tệp, 14 MB đang chờ gửi, cũ nhất từ 09:12:00.');
});

test('what was not measured is not told', () => {
  const never = item('province', 'disconnected', { since: null, events: 0, files: 0, bytes: 0, oldest: null });
  expect(sentence(never, telling)).toBe('Chưa kết nối được với tỉnh.');
  const room = item('disk', 'room', { days_left: null, free_bytes: 2e12, total_bytes: 4e12 });
  expect(sentence(room, telling)).toBe('Còn chỗ: trống 2 TB trên 4 TB.');
  expect(sentence(item('province', 'delivered', { last_at: null }), telling)).toContain('Chưa có gì phải gửi');
});

test('a camera is called by its name', () => {
  const lost = item('camera', 'lost', { since: nine }, { camera: 'counter-2' });
  expect(subject(lost, telling)).toBe('Quầy 2');
  expect(sentence(lost, telling)).toBe('Mất kết nối từ 09:12:00.');
  expect(advice(lost)).toBe('Kiểm tra dây điện và dây mạng của camera.');
});

test('a code that these pages do not know is told as it is', () => {
  const odd = item('fan', 'loud');
  expect(subject(odd, telling)).toContain('fan');
  expect(sentence(odd, telling)).toContain('loud');
  expect(advice(odd)).toContain('kỹ thuật');
});

test('the worst comes first, and equals stay in order', () => {
  const sorted = worstFirst([
    item('a', 'x', {}, { state: 'good' }),
    item('b', 'x'),
    item('c', 'x', {}, { state: 'bad' }),
    item('d', 'x'),
  ]);
  expect(sorted.map(({ part }) => part)).toEqual(['c', 'b', 'd', 'a']);
});

import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { setLanguage } from '$lib/words/words.svelte';
import { causeOf, sentence, type Subject } from './sentence';

beforeAll(() => {
  // Choosing a language tells the document, which there is none of here.
  Object.assign(globalThis, { document: { documentElement: {} } });
});
afterEach(() => setLanguage('vi'));

const now = Date.parse('2026-11-27T09:10:00+07:00');
const names = { camera: (id: string) => (id === 'c2' ? 'Quầy 2' : id), centre: () => 'Xuân Lũng' };
const after = (s: number) => new Date(now - s * 1000).toISOString();

function of(kind: string, peak: Subject['peak'] = {}, more: Partial<Subject> = {}): Subject {
  return { kind, peak, zone: null, camera: 'c2', started_at: after(360), ended_at: after(60), ...more };
}

const cases: [Subject, string, string][] = [
  [of('counter-unattended', { unattended_s: 360 }), 'Quầy 2 không có cán bộ trong 6 phút', 'Nobody at Quầy 2 for 6 min'],
  [
    of('counter-unattended', { unattended_s: 360, citizens: 3 }),
    'Quầy 2 không có cán bộ trong 6 phút, 3 người đang chờ',
    'Nobody at Quầy 2 for 6 min, 3 people waiting',
  ],
  [of('long-wait', { people: 1, longest_s: 1500 }, { zone: 'khu chờ' }), 'Có người chờ 25 phút ở khu chờ', 'Somebody has waited 25 min at khu chờ'],
  [
    of('long-wait', { people: 4, longest_s: 1500 }),
    '4 người chờ lâu ở Quầy 2, lâu nhất 25 phút',
    '4 people wait long at Quầy 2, the longest 25 min',
  ],
  [of('crowding', { people: 11 }), 'Đông người ở Quầy 2: 11 người', 'Crowded at Quầy 2: 11 people'],
  [of('after-hours', { people: 1, score_percent: 81 }), 'Có người ở Quầy 2 ngoài giờ làm việc (1 người)', 'Somebody at Quầy 2 after hours (1 seen)'],
  [
    of('raised-voices', { level_dbfs: -12, over_baseline_db: 17.6 }),
    'To tiếng ở Quầy 2, hơn bình thường 18 dB',
    'Raised voices at Quầy 2, 18 dB above usual',
  ],
  [of('scream', { score: 0.4 }), 'Có tiếng hét ở Quầy 2', 'A scream at Quầy 2'],
  [of('breaking-glass'), 'Có tiếng vỡ kính ở Quầy 2', 'Breaking glass at Quầy 2'],
  [of('alarm-sound'), 'Có tiếng còi báo động ở Quầy 2', 'An alarm sounds at Quầy 2'],
  [of('camera-covered', { covered_percent: 96.4 }, { zone: 'khu chờ' }), 'Camera Quầy 2 bị che 96%', 'Camera Quầy 2 is covered: 96%'],
  [of('camera-moved', { changed_percent: 71 }), 'Camera Quầy 2 bị xê dịch, hình khác đi 71%', 'Camera Quầy 2 was moved: 71% of its picture is different'],
  [of('camera-blurred', { sharpness_percent: 22 }), 'Hình camera Quầy 2 bị mờ, chỉ còn nét 22%', 'Picture of camera Quầy 2 is blurred: 22% as sharp as usual'],
  [of('picture-frozen', { still_s: 75 }), 'Hình camera Quầy 2 đứng yên 1 phút 15 giây', 'Picture of camera Quầy 2 stands still for 1 min 15 s'],
  [of('camera-lost'), 'Mất camera Quầy 2 trong 5 phút', 'Camera Quầy 2 was lost for 5 min'],
  [of('audio-lost'), 'Camera Quầy 2 không có tiếng trong 5 phút', 'No sound from camera Quầy 2 for 5 min'],
  [of('recording-gap', { missing_ms: 90_000 }), 'Bản ghi của Quầy 2 thiếu 1 phút 30 giây', '1 min 30 s missing in the recording of Quầy 2'],
  [of('disk-low', { fits_days: 20.5, keep_days: 30 }), 'Ổ đĩa sắp đầy: chỉ lưu được 20,5 ngày thay vì 30 ngày', 'Disk nearly full: it keeps 20.5 days instead of 30'],
  [of('disk-low', { free_bytes: 4.2e9 }), 'Ổ đĩa sắp đầy, chỉ còn 4,2 GB', 'Disk nearly full: 4.2 GB left'],
  [of('storage-failed'), 'Ổ đĩa hỏng, không ghi hình được', 'The disk failed: nothing can be recorded'],
  [of('clock-off', { set_by_ms: -3_600_000 }), 'Đồng hồ máy ghi sai 1 giờ', 'The clock of the recorder is off by 1 h'],
  [of('restarted', { away_ms: 120_000 }), 'Máy ghi đã khởi động lại, ngừng ghi 2 phút', 'The recorder restarted and was away for 2 min'],
  [of('evidence-given-up', {}, { count: 3 }), '3 bằng chứng không gửi được lên tỉnh', '3 pieces of evidence could not be sent to the province'],
  [of('manual', {}, { note: 'Có người cãi nhau' }), 'Cán bộ báo ở Quầy 2: Có người cãi nhau', 'Flagged at Quầy 2: Có người cãi nhau'],
  [of('centre-silent', {}, { centre: 'xl', camera: null }), 'Mất liên lạc với Xuân Lũng trong 5 phút', 'Nothing heard from Xuân Lũng for 5 min'],
  [of('balloon'), 'Sự việc khác ở Quầy 2: balloon', 'Something else at Quầy 2: balloon'],
];

describe.each(cases)('%o', (subject, vietnamese, english) => {
  test('is said in Vietnamese', () => {
    expect(sentence(subject, names, now)).toBe(vietnamese);
  });

  test('is said in English', () => {
    setLanguage('en');
    expect(sentence(subject, names, now)).toBe(english);
  });
});

const kinds = [...new Set(cases.map(([subject]) => subject.kind))];

test.each(kinds)('%s needs no measurement to be said', (kind) => {
  expect(sentence({ ...of(kind), camera: null }, names, now)).not.toMatch(/undefined|null|NaN|\{\{/);
});

test('a length goes on counting while it lasts', () => {
  const lasting = of('counter-unattended', { unattended_s: 180 }, { ended_at: null });
  expect(sentence(lasting, names, now)).toBe('Quầy 2 không có cán bộ trong 6 phút');
  expect(sentence(lasting, names, now + 60_000)).toBe('Quầy 2 không có cán bộ trong 7 phút');
});

test('a zone says better than its camera where people are', () => {
  expect(sentence(of('crowding', { people: 9 }, { zone: 'khu chờ' }), names, now)).toBe('Đông người ở khu chờ: 9 người');
});

test('the cause that the service writes in two languages is told in one', () => {
  const peak = { reason: 'đồng hồ bị chỉnh lùi / the clock was set back' };
  expect(causeOf(peak)).toBe('Đồng hồ bị chỉnh lùi');
  setLanguage('en');
  expect(causeOf(peak)).toBe('The clock was set back');
  expect(causeOf({})).toBeNull();
});

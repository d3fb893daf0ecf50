import { auditActions, type AuditEntry } from '$lib/api/audit';
import { expect, test } from 'vitest';
import { incidentOf, namedActions, sentence, type Reading } from './sentence';

const reading: Reading = {
  camera: (id) => (id === 'counter-2' ? 'Quầy 2' : id),
  person: (name) => (name === 'lan' ? 'Lan' : name),
  now: Date.parse('2026-11-27T10:00:00+07:00'),
  zone: 'Asia/Ho_Chi_Minh',
};
const range = { from: '2026-11-27T02:10:00.000Z', to: '2026-11-27T02:14:00.000Z' };

function entry(action: string, detail: AuditEntry['detail'] = {}, subject: string | null = null, who = 'lan'): AuditEntry {
  return { number: 1, at: range.from, who, from: '10.0.0.7', action, subject, detail, previous: '', hash: '' };
}

test('what was looked at is told with camera and times', () => {
  const viewed = entry('viewed', { what: 'playlist', camera: 'counter-2', stream: 'main', ...range }, 'counter-2');
  expect(sentence(viewed, reading)).toBe('Lan đã xem lại Quầy 2, 09:10:00–09:14:00');
  expect(sentence(entry('viewed', { what: 'live', camera: 'counter-2' }), reading)).toBe('Lan đã xem trực tiếp Quầy 2');
});

test('the evidence of an incident leads to the incident', () => {
  const clip = entry('viewed', { what: 'clip', incident: 'i-1' }, 'i-1');
  expect(sentence(clip, reading)).toBe('Lan đã xem đoạn hình của một sự việc');
  expect(incidentOf(clip)).toBe('i-1');
  expect(incidentOf(entry('handled', { action: 'close' }, 'i-2'))).toBe('i-2');
  expect(incidentOf(entry('sign-in'))).toBeNull();
});

test('what the recorder did by itself is told as the recorder', () => {
  const deleted = entry('deleted', { reason: 'age', camera: 'counter-2', files: 12, bytes: 3e9, ...range }, 'counter-2', 'quaywatch');
  expect(sentence(deleted, reading)).toBe('Máy ghi đã xóa 12 tệp của Quầy 2 (3 GB): hết hạn lưu');
});

test('packages are told with what is in them', () => {
  const begun = entry('export-begun', { cameras: ['counter-2'], ...range, reason: 'công văn số 12' }, 'x-1');
  expect(sentence(begun, reading)).toBe('Lan bắt đầu xuất Quầy 2, 27/11/2026 09:10:00 – 09:14:00. Lý do: công văn số 12');
  expect(sentence(entry('export-deleted', {}, 'x-1'), reading)).toBe('Lan đã xóa gói x-1');
});

test('every action has a sentence and a name', () => {
  for (const action of auditActions) {
    const said = sentence(entry(action, { what: 'live' }, 'x'), reading);
    expect(said, action).not.toContain('{{');
    expect(said, action).not.toContain(`: ${action}`);
  }
  expect(namedActions().every(({ action, name }) => name !== action)).toBe(true);
});

test('an action that these pages do not know is told as it is', () => {
  expect(sentence(entry('something-new', {}, 'x'), reading)).toBe('Lan: something-new x');
});

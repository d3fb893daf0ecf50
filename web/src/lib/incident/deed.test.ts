import { expect, test } from 'vitest';
import type { Entry } from '$lib/api/incidents';
import { deed, lastOfOthers } from './deed';

const entry = (who: string, action: Entry['action'], more: Partial<Entry> = {}): Entry => ({
  number: 1,
  at: '2026-11-27T02:00:00.000Z',
  place: 'centre',
  who,
  action,
  outcome: null,
  owner: null,
  note: '',
  ...more,
});
const nameOf = (who: string) => ({ hung: 'Nguyễn Văn Hùng', lan: 'Trần Thị Lan' })[who] ?? who;

test('deeds are said with the names of people', () => {
  expect(deed(entry('lan', 'assign', { owner: 'hung' }), nameOf)).toBe('giao cho Nguyễn Văn Hùng');
  expect(deed(entry('lan', 'close', { outcome: 'false-alarm' }), nameOf)).toBe('đóng sự việc: Báo nhầm');
  expect(deed(entry('hung', 'take'), nameOf)).toBe('nhận xử lý');
});

test('whoever was quicker is somebody else who did more than look', () => {
  const history = [entry('hung', 'take'), entry('mai', 'see'), entry('lan', 'comment')];
  expect(lastOfOthers(history, 'lan')?.who).toBe('hung');
  expect(lastOfOthers(history.slice(1), 'lan')).toBeNull();
});

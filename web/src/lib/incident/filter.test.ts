import { expect, test } from 'vitest';
import { asked, usual } from './filter';

const zone = 'Asia/Ho_Chi_Minh';

test('at first everything is asked that is not finished', () => {
  expect(asked(usual, zone)).toEqual({ state: 'unfinished', severity: null, camera: null, from: null, to: null });
});

test('a day is the day of the centre, from midnight to midnight', () => {
  const { from, to } = asked({ ...usual, day: '2026-11-30' }, zone);
  expect([from, to]).toEqual(['2026-11-29T17:00:00.000Z', '2026-11-30T17:00:00.000Z']);
});

test('all is no state in particular', () => {
  expect(asked({ ...usual, state: 'all', severity: 'urgent', camera: 'c2' }, zone)).toMatchObject({
    state: null,
    severity: 'urgent',
    camera: 'c2',
  });
});

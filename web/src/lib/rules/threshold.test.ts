import type { Measure, RuleIncident, RuleReport } from '$lib/api/rules';
import { expect, test } from 'vitest';
import { configLine, effectOf, inUnit, isFlagged, perWeek, scaleOf, worstFirst } from './threshold';

const loudness: Measure = { key: 'over_baseline_db', threshold: 8, unit: 'dB', raising: true, config_key: 'over_baseline_db', config_scale: 1 };

function incidents(...told: [RuleIncident['outcome'], number | null][]): RuleIncident[] {
  return told.map(([outcome, peak], at) => ({ id: `i-${at}`, flagged_at: '2026-11-27T02:00:00Z', outcome, peak }));
}
const closed = incidents(['false-alarm', 9], ['false-alarm', 11], ['false-alarm', 14], ['real', 15], ['real', 20], ['test', 30], ['real', null]);

test('a higher threshold avoids false alarms as long as real ones are louder', () => {
  expect(effectOf({ incidents: closed, measure: loudness }, 8)).toEqual({ avoids: 0, falseAlarms: 3, keeps: 2, real: 2 });
  expect(effectOf({ incidents: closed, measure: loudness }, 12)).toEqual({ avoids: 2, falseAlarms: 3, keeps: 2, real: 2 });
  expect(effectOf({ incidents: closed, measure: loudness }, 16)).toEqual({ avoids: 3, falseAlarms: 3, keeps: 1, real: 2 });
});

test('where less is worse the threshold counts the other way', () => {
  expect(isFlagged(10, 20, false)).toBe(true);
  expect(isFlagged(30, 20, false)).toBe(false);
  expect(isFlagged(12, 12, true)).toBe(true);
});

test('the slider goes past all peaks, and not below nothing', () => {
  const { low, high, step } = scaleOf({ incidents: closed, measure: loudness });
  expect(low).toBeGreaterThanOrEqual(0);
  expect(low).toBeLessThan(8);
  expect(high).toBeGreaterThan(30);
  expect(step).toBe(0.5);
  expect(scaleOf({ incidents: incidents(['real', 12], ['real', 9]), measure: { ...loudness, unit: 'people' } }).step).toBe(1);
  expect(scaleOf({ incidents: incidents(['real', -12], ['real', -30]), measure: { ...loudness, threshold: -35 } }).low).toBeLessThan(-35);
});

test('false alarms are counted by the week', () => {
  expect(perWeek(9, 30)).toBeCloseTo(2.1);
  expect(perWeek(3, 0)).toBe(21);
});

test('the line for the configuration file is as the file takes it', () => {
  expect(configLine(loudness, 12)).toBe('over_baseline_db = 12');
  expect(configLine({ ...loudness, config_key: 'hold', unit: 's' }, 360)).toBe('hold = "360s"');
  expect(configLine({ ...loudness, config_key: 'min_score', unit: '' }, 0.30000000004)).toBe('min_score = 0.3');
  expect(configLine({ ...loudness, config_key: 'min_score', config_scale: 0.01, unit: '%' }, 45)).toBe('min_score = 0.45');
  expect(configLine({ ...loudness, config_key: 'min_people', unit: 'people' }, 8.5)).toBe('min_people = 9');
  expect(inUnit(12.5, loudness)).toBe('12,5 dB');
  expect(inUnit(360, { unit: 's' })).toBe('360 giây');
});

test('the rule that is wrong most often is first', () => {
  const rule = (name: string, false_alarm: number) => ({ rule: name, closed: { real: 0, false_alarm, test: 0 }, days: 30 }) as RuleReport;
  expect(worstFirst([rule('b', 1), rule('a', 1), rule('c', 5)]).map((one) => one.rule)).toEqual(['c', 'a', 'b']);
});

// How often each rule was right in the last weeks, and what another threshold would have done.
import { get, post } from './client';
import type { Outcome } from './incidents';
import type { Severity } from './types';

/** What a rule measures against its threshold. */
export interface Measure {
  /** The name of the number in the configuration file. */
  key: string;
  threshold: number;
  unit: string;
  /** Whether more of it is worse. */
  raising: boolean;
}

/** An incident of a rule. */
export interface RuleIncident {
  id: string;
  flagged_at: string;
  outcome: Outcome | null;
  peak: number | null;
}

/** A threshold that would have cried wolf less often. */
export interface Suggestion {
  threshold: number;
  avoids: number;
  false_alarms: number;
  keeps: number;
  real: number;
}

/** One rule and its incidents of the last `days`. */
export interface RuleReport {
  rule: string;
  kind: string;
  severity: Severity;
  cameras: string[];
  closed: { real: number; false_alarm: number; test: number };
  open: number;
  days: number;
  measure: Measure | null;
  incidents: RuleIncident[];
  suggestion: Suggestion | null;
}

/** What the recordings say about another threshold. */
export interface Trial {
  id: string;
  rule: string;
  threshold: number;
  state: 'waiting' | 'running' | 'done' | 'failed';
  /** 0 to 1. */
  done: number;
  problem: string | null;
  /** `flagged` is null where there is no recording any more. */
  results: { incident: string; outcome: Outcome | null; flagged: boolean | null }[];
}

const trials = (rule: string) => `/api/rules/${encodeURIComponent(rule)}/trials`;

/** All rules. */
export const allRules = async (): Promise<RuleReport[]> => (await get<{ rules: RuleReport[] }>('/api/rules')).rules;
/** Begins to look at the recordings again with another threshold. */
export const beginTrial = (rule: string, threshold: number): Promise<Trial> => post(trials(rule), { threshold });
/** How far it is. */
export const trialNow = (rule: string, id: string): Promise<Trial> => get(`${trials(rule)}/${encodeURIComponent(id)}`);

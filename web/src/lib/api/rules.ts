// How often each rule was right in the last weeks, and what another threshold would have done.
import { get, post } from './client';
import type { OfCentre } from './schema/answers';

/** What a rule measures against its threshold. */
export type Measure = OfCentre<'Measure'>;
/** An incident of a rule. */
export type RuleIncident = OfCentre<'One'>;
/** A threshold that would have cried wolf less often. */
export type Suggestion = OfCentre<'Suggestion'>;
/** One rule and its incidents of the last `days`. */
export type RuleReport = OfCentre<'Told'>;
/** What the recordings say about another threshold; `flagged` is null where there is no recording any more. */
export type Trial = OfCentre<'Trial'>;

const trials = (rule: string) => `/api/rules/${encodeURIComponent(rule)}/trials`;

/** All rules. */
export const allRules = async (): Promise<RuleReport[]> => (await get<{ rules: RuleReport[] }>('/api/rules')).rules;
/** Begins to look at the recordings again with another threshold. */
export const beginTrial = (rule: string, threshold: number): Promise<Trial> => post(trials(rule), { threshold });
/** How far it is. */
export const trialNow = (rule: string, id: string): Promise<Trial> => get(`${trials(rule)}/${encodeURIComponent(id)}`);

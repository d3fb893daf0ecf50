// Which rule is wrong how often, and another threshold for it, in English.
import type { rules as vi } from '../vi/rules';

/** Words of this area. */
export const rules: Readonly<Record<keyof typeof vi, string>> = {
  'rules.about':
    'Each closed incident counts as real, as a false alarm or as a test, over the last {{days}} days. The rule that is wrong most often is on top.',
  'rules.none': 'There is no rule.',
  'rules.real': '{{count}} real',
  'rules.false-alarm': '{{count}} false alarms',
  'rules.test': '{{count}} tests',
  'rules.open': '{{count}} not closed',
  'rules.nothing': 'No incident was closed yet.',
  'rules.per-week': '{{count}} false alarms a week',
  'rules.no-false': 'No false alarm.',
  'rules.cameras': 'Cameras: {{names}}',
  'rules.all-cameras': 'All cameras',
  'rules.tune': 'Look at another threshold',
  'rules.suggestion':
    'With a threshold of {{threshold}} instead of {{now}}: {{avoids}} of {{false}} false alarms are avoided, {{keeps}} of {{real}} real ones are still flagged.',
  'rules.with-threshold':
    'With a threshold of {{threshold}}: {{avoids}} of {{false}} false alarms are avoided, {{keeps}} of {{real}} real ones are still flagged.',
  'rules.loses': 'Mind: {{count}} real ones would not be flagged.',
  'rules.threshold': 'Threshold to try',
  'rules.threshold-now': 'Threshold now: {{threshold}}',
  'rules.row-real': 'Real',
  'rules.row-false': 'False alarm',
  'rules.plot': 'Each mark is an incident. Filled ones are flagged with the threshold to try, hollow ones are not.',
  'rules.try': 'Try it on what was recorded',
  'rules.trial-waiting': 'Waiting for its turn…',
  'rules.trial-running': 'Trying, {{percent}}',
  'rules.trial-progress': 'How far the trial is',
  'rules.trial-failed': 'The trial failed: {{problem}}',
  'rules.trial-done':
    'Tried with a threshold of {{threshold}}: {{flagged}} flagged, {{quiet}} not flagged, {{gone}} have no recording any more.',
  'rules.trial-incident': 'Incident',
  'rules.trial-was': 'What it was',
  'rules.trial-now': 'With the threshold',
  'rules.flagged': 'Flagged',
  'rules.not-flagged': 'Not flagged',
  'rules.footage-gone': 'No recording any more',
  'rules.outcome-real': 'Real',
  'rules.outcome-false-alarm': 'False alarm',
  'rules.outcome-test': 'Test',
  'rules.outcome-open': 'Not closed',
  'rules.how':
    'This page changes nothing. The technician writes this line into the configuration file, into the [[rule]] of this rule, and restarts the service:',
  'rules.no-measure': 'This rule has no threshold to try.',
  'rules.unit-s': 's',
  'rules.unit-people': 'people',
  'rules.unit-percent': '%',
};

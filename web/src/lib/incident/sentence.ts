// What happened, as a person at the counter would say it: where, what, and how long or how much.
import type { Peak } from '$lib/api/incidents';
import { lengthInWords } from '$lib/time/length';
import { language, word, type WordKey } from '$lib/words/words.svelte';

/** What a sentence is made of. */
export interface Subject {
  kind: string;
  zone: string | null;
  camera: string | null;
  started_at: string;
  ended_at: string | null;
  peak: Peak;
  count?: number | null;
  note?: string | null;
  /** At a province. */
  centre?: string;
}

/** What things are called by people. */
export interface Names {
  /** A camera; at a province, of that centre. */
  camera: (id: string, centre?: string) => string;
  centre: (id: string) => string;
}

/** What kinds of measurement a sentence can tell, and what comes out of them. */
interface Told {
  said: WordKey;
  filling?: Record<string, string | number>;
}

/** One subject at one moment. */
class Telling {
  constructor(
    readonly of: Subject,
    readonly names: Names,
    readonly now: number,
  ) {}

  /** A measurement, or null if it was not made. */
  number(name: string): number | null {
    const value = this.of.peak[name];
    return typeof value === 'number' && Number.isFinite(value) ? value : null;
  }

  text(name: string): string | null {
    const value = this.of.peak[name];
    return typeof value === 'string' && value.trim() ? value.trim() : null;
  }

  /** How long it lasts, in words: it goes on counting while it does. `measured` is what was told last. */
  lasting(measured: string | null): string {
    const known = measured === null ? 0 : (this.number(measured) ?? 0) * 1000;
    const began = Date.parse(this.of.started_at);
    const told = this.of.ended_at === null ? this.now - began : Date.parse(this.of.ended_at) - began;
    // Once it is over, what the rule measured is what counts.
    const ms = this.of.ended_at !== null && known > 0 ? known : Math.max(known, told);
    return lengthInWords(Math.max(1000, ms));
  }
}

const whole = (value: number) => Math.max(0, Math.round(value));

/** Numbers as the language writes them: `2,4` in Vietnamese. */
const numeral = (value: number) => value.toLocaleString(language(), { maximumFractionDigits: 1 });

function bytes(value: number): string {
  if (value >= 1e12) return `${numeral(value / 1e12)} TB`;
  return value >= 1e9 ? `${numeral(value / 1e9)} GB` : `${numeral(value / 1e6)} MB`;
}

/** With a measurement if it was made, else without. */
function measured(
  t: Telling,
  name: string,
  without: WordKey,
  withIt: WordKey,
  as: string,
  show: (value: number) => string | number,
): Told {
  const value = t.number(name);
  return value === null ? { said: without } : { said: withIt, filling: { [as]: show(value) } };
}

const byKind: Record<string, (t: Telling) => Told> = {
  'counter-unattended': (t) => {
    const length = t.lasting('unattended_s');
    const people = t.number('citizens');
    return people
      ? { said: 'said.counter-unattended-waiting', filling: { length, people } }
      : { said: 'said.counter-unattended', filling: { length } };
  },
  'long-wait': (t) => {
    const length = t.lasting('longest_s');
    const people = t.number('people');
    return people && people > 1
      ? { said: 'said.long-wait-people', filling: { length, people } }
      : { said: 'said.long-wait', filling: { length } };
  },
  crowding: (t) => measured(t, 'people', 'said.crowding', 'said.crowding-people', 'people', whole),
  'after-hours': (t) => measured(t, 'people', 'said.after-hours', 'said.after-hours-people', 'people', whole),
  'raised-voices': (t) => measured(t, 'over_baseline_db', 'said.raised-voices', 'said.raised-voices-over', 'db', whole),
  scream: () => ({ said: 'said.scream' }),
  'breaking-glass': () => ({ said: 'said.breaking-glass' }),
  'alarm-sound': () => ({ said: 'said.alarm-sound' }),
  'camera-covered': (t) => measured(t, 'covered_percent', 'said.camera-covered', 'said.camera-covered-percent', 'percent', whole),
  'camera-moved': (t) => measured(t, 'changed_percent', 'said.camera-moved', 'said.camera-moved-percent', 'percent', whole),
  'camera-blurred': (t) => measured(t, 'sharpness_percent', 'said.camera-blurred', 'said.camera-blurred-percent', 'percent', whole),
  'picture-frozen': (t) => ({ said: 'said.picture-frozen', filling: { length: t.lasting('still_s') } }),
  'camera-lost': (t) => ({ said: 'said.camera-lost', filling: { length: t.lasting(null) } }),
  'audio-lost': (t) => ({ said: 'said.audio-lost', filling: { length: t.lasting(null) } }),
  'recording-gap': (t) => measured(t, 'missing_ms', 'said.recording-gap', 'said.recording-gap-length', 'length', lengthInWords),
  'disk-low': (t) => {
    const [fits, keep] = [t.number('fits_days'), t.number('keep_days')];
    if (fits !== null && keep !== null) return { said: 'said.disk-low-days', filling: { fits: numeral(fits), keep: numeral(keep) } };
    return measured(t, 'free_bytes', 'said.disk-low', 'said.disk-low-free', 'free', bytes);
  },
  'storage-failed': () => ({ said: 'said.storage-failed' }),
  'clock-off': (t) => {
    const by = t.number('set_by_ms') ?? t.number('behind_footage_ms') ?? t.number('ahead_of_footage_ms');
    return by === null
      ? { said: 'said.clock-off' }
      : { said: 'said.clock-off-by', filling: { length: lengthInWords(Math.abs(by)) } };
  },
  restarted: (t) => measured(t, 'away_ms', 'said.restarted', 'said.restarted-away', 'length', lengthInWords),
  'evidence-given-up': (t) =>
    t.of.count && t.of.count > 1
      ? { said: 'said.evidence-given-up-count', filling: { count: t.of.count } }
      : { said: 'said.evidence-given-up' },
  manual: (t) => {
    const note = t.of.note?.trim() || t.text('note');
    return note ? { said: 'said.manual-note', filling: { note } } : { said: 'said.manual' };
  },
  'centre-silent': (t) => ({ said: 'said.centre-silent', filling: { length: t.lasting(null) } }),
};

/** Kinds that are about the camera itself, and not about what stands before it. */
const ofCamera = new Set([
  'camera-covered',
  'camera-moved',
  'camera-blurred',
  'picture-frozen',
  'camera-lost',
  'audio-lost',
  'recording-gap',
]);

/** The place that a sentence is about. */
function placeOf(of: Subject, names: Names): string {
  if (of.kind === 'centre-silent' && of.centre) return names.centre(of.centre);
  if (of.zone && !ofCamera.has(of.kind)) return of.zone;
  if (!of.camera) return word('said.somewhere');
  const name = names.camera(of.camera, of.centre);
  // "Camera Camera cổng bị che" is nothing that anybody says.
  return ofCamera.has(of.kind) ? name.replace(/^camera\s+/i, '') : name;
}

/** With a capital letter. */
const begun = (text: string) => text.charAt(0).toLocaleUpperCase(language()) + text.slice(1);

/** The sentence for an incident as it stands at `now`, in the language shown now. */
export function sentence(of: Subject, names: Names, now: number): string {
  const known = byKind[of.kind]?.(new Telling(of, names, now));
  const { said, filling } = known ?? { said: 'said.other' as const, filling: { kind: of.kind } };
  return begun(word(said, { where: placeOf(of, names), ...filling }));
}

/** What the service says about the cause, in the language shown now: it writes "tiếng Việt / English". */
export function causeOf(peak: Peak): string | null {
  const reason = peak['reason'];
  if (typeof reason !== 'string' || !reason.trim()) return null;
  const [vietnamese = '', ...rest] = reason.split(' / ');
  return begun(language() === 'vi' || rest.length === 0 ? vietnamese : rest.join(' / '));
}

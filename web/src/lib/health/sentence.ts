// What is said of a part of the centre, and what to do about it: from the words for its code and what was measured.
import type { HealthItem } from '$lib/api/health';
import { lengthInWords } from '$lib/time/length';
import { clockNear, date } from '$lib/time/zone';
import { dataSize, numeral } from '$lib/words/quantity';
import { isWord, word, type WordKey } from '$lib/words/words.svelte';

/** What sentences need to know from outside. */
export interface Telling {
  nameOf: (camera: string) => string;
  now: number;
  zone: string;
}

/** What it is about. */
export function subject(item: HealthItem, { nameOf }: Telling): string {
  if (item.part === 'camera' && item.camera) return nameOf(item.camera);
  const key = `health.part-${item.part}`;
  return isWord(key) ? word(key) : word('health.part-other', { part: item.part });
}

/** How it is. */
export function sentence(item: HealthItem, telling: Telling): string {
  const values = new Values(item, telling);
  const key = keyOf(item, values);
  const said = word(key, key === 'health.other' ? { code: item.code } : values.filling());
  const waiting = item.part === 'province' ? waitingInWords(values) : '';
  return waiting ? `${said} ${waiting}` : said;
}

/** What to do about it. */
export function advice({ part, code }: HealthItem): string {
  const key = `health.${part}.${code}.do`;
  return word(isWord(key) ? key : 'health.other.do');
}

/** The word for its code; another one where something that it tells was not measured. */
function keyOf({ part, code }: HealthItem, values: Values): WordKey {
  const key = `health.${part}.${code}`;
  const variant: Record<string, [string, string]> = {
    disk: ['days_left', 'unmeasured'],
    province: [code === 'delivered' ? 'last_at' : 'since', 'never'],
  };
  const [needed, without] = variant[part] ?? ['', ''];
  const other = `${key}.${without}`;
  if (needed && !values.has(needed) && isWord(other)) return other;
  return isWord(key) ? key : 'health.other';
}

function waitingInWords(values: Values): string {
  if (values.number('events') + values.number('files') === 0) return '';
  return word(values.has('oldest') ? 'health.waiting' : 'health.waiting-since-unknown', values.filling());
}

/** What was measured, as it is read. */
class Values {
  constructor(
    private readonly item: HealthItem,
    private readonly telling: Telling,
  ) {}

  has(name: string): boolean {
    return this.item.values[name] !== null && this.item.values[name] !== undefined;
  }

  number(name: string): number {
    const value = this.item.values[name];
    return typeof value === 'number' ? value : 0;
  }

  text(name: string): string {
    const value = this.item.values[name];
    return value === null || value === undefined ? '' : String(value);
  }

  filling(): Record<string, string | number> {
    const { nameOf, now, zone } = this.telling;
    const time = (name: string) => (this.has(name) ? clockNear(Date.parse(this.text(name)), now, zone) : '');
    const camera = this.text('camera') || this.item.camera || '';
    return {
      camera: camera ? nameOf(camera) : '',
      since: time('since'),
      last: time('last_at'),
      oldest: time('oldest'),
      expires: this.has('expires') ? date(Date.parse(this.text('expires')), zone) : '',
      days: numeral(this.number(this.has('days_left') ? 'days_left' : 'days'), 0),
      free: dataSize(this.number('free_bytes')),
      total: dataSize(this.number('total_bytes')),
      size: dataSize(this.number(this.has('given_up_bytes') ? 'given_up_bytes' : 'bytes')),
      events: numeral(this.number('events'), 0),
      files: numeral(this.number('files'), 0),
      quarantined: numeral(this.number('quarantined'), 0),
      given: numeral(this.number('given_up_files'), 0),
      offset: lengthInWords(Math.abs(this.number('offset_ms'))),
      dropped: numeral(this.number('dropped'), 0),
      threads: numeral(this.number('threads'), 0),
      why: this.text('why'),
      what: this.text('part'),
      detail: this.text('detail'),
    };
  }
}

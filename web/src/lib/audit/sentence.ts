// Each entry of the journal as a sentence: who did what to what.
import { auditActions, type AuditEntry } from '$lib/api/audit';
import { footageInWords } from '$lib/export/wish';
import { clock, clockNear, date } from '$lib/time/zone';
import { dataSize } from '$lib/words/quantity';
import { isWord, word, type WordKey } from '$lib/words/words.svelte';

/** What sentences need to know from outside. */
export interface Reading {
  camera: (id: string) => string;
  person: (name: string) => string;
  now: number;
  zone: string;
}

/** What the recorder itself did is under this name. */
const machine = 'quaywatch';

/** The sentence for an entry. */
export function sentence(entry: AuditEntry, reading: Reading): string {
  const { detail, action } = entry;
  const camera = text(detail, 'camera') ?? entry.subject;
  const filling = {
    who: nameOf(entry.who, reading),
    subject: subjectOf(entry, reading),
    camera: camera ? reading.camera(camera) : word('said.somewhere'),
    footage: footageOf(entry, reading),
    range: rangeOf(entry, reading),
    action: actionOf(entry),
    centre: text(detail, 'centre') ?? '',
    files: String(detail['files'] ?? ''),
    size: dataSize(Number(detail['bytes'] ?? 0)),
    problem: text(detail, 'problem') ?? '',
    reason: known(`audit.reason-${text(detail, 'reason')}`) ?? text(detail, 'reason') ?? '',
  };
  return word(keyOf(action, text(detail, 'what')), filling).trim();
}

/** Where it was done; nothing for what the recorder does by itself. */
export function placeOf({ from }: AuditEntry): string {
  if (from === 'service') return '';
  if (from === 'province') return word('audit.from-province');
  return from === 'console' ? word('audit.from-console') : word('audit.from-address', { address: from });
}

/** The incident that an entry is about, or null. */
export function incidentOf({ action, subject, detail }: AuditEntry): string | null {
  return text(detail, 'incident') ?? (action === 'handled' ? subject : null);
}

/** What an action is called. */
export function actionInWords(action: string): string {
  return known(`audit.action-${action}`) ?? action;
}

function keyOf(action: string, what: string | null): WordKey {
  const viewed = `audit.said-viewed-${what}`;
  if ((action === 'viewed' || (action === 'export-downloaded' && what === 'view')) && isWord(viewed)) return viewed;
  if (action === 'deleted' && what === 'evidence') return 'audit.said-deleted-evidence';
  const key = `audit.said-${action}`;
  return isWord(key) ? key : 'audit.said-other';
}

function known(key: string): string | null {
  return isWord(key) ? word(key) : null;
}

function text(detail: AuditEntry['detail'], name: string): string | null {
  const value = detail[name];
  return typeof value === 'string' && value ? value : null;
}

function nameOf(who: string, reading: Reading): string {
  return who === machine ? word('audit.machine') : reading.person(who);
}

/** The subject of a change of people is somebody's name; of a command, a centre's. */
function subjectOf({ action, subject }: AuditEntry, reading: Reading): string {
  if (!subject) return '';
  const isPerson = action.startsWith('user-') || action === 'password-reset';
  return isPerson ? reading.person(subject) : subject;
}

function actionOf({ action, detail }: AuditEntry): string {
  if (action !== 'handled' && action !== 'asked') return actionInWords(action);
  const done = text(detail, 'action') ?? '';
  return known(`audit.${action}-${done}`) ?? done;
}

/** `09:10:00–09:14:00`, with the day where it is not today's. */
function rangeOf({ detail }: AuditEntry, { now, zone }: Reading): string {
  const [from, to] = [moment(detail, 'from'), moment(detail, 'to')];
  if (from === null) return '';
  if (to === null) return clockNear(from, now, zone);
  const end = date(from, zone) === date(to, zone) ? clock(to, zone) : clockNear(to, now, zone);
  return `${clockNear(from, now, zone)}–${end}`;
}

/** Cameras and times of a package or a hold; its name where they are not told. */
function footageOf({ detail, subject }: AuditEntry, { camera, zone }: Reading): string {
  const cameras = detail['cameras'];
  const [from, to] = [text(detail, 'from'), text(detail, 'to')];
  if (!Array.isArray(cameras) || !from || !to) return subject ?? '';
  return footageInWords(cameras.map((id) => camera(String(id))), from, to, zone);
}

function moment(detail: AuditEntry['detail'], name: string): number | null {
  const parsed = Date.parse(text(detail, name) ?? '');
  return Number.isFinite(parsed) ? parsed : null;
}

/** All actions that can be asked for, with their names. */
export function namedActions(): { action: string; name: string }[] {
  return auditActions.map((action) => ({ action, name: actionInWords(action) }));
}

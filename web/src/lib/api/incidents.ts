// Incidents as the service tells them, at a centre and at a province, and what can be done about them.
import { get, post, Problem, query } from './client';
import type { Range } from './footage';
import type { OfCentre, OfProvince } from './schema/answers';
import type { Severity } from './types';

/** What is being done about an incident. */
export type WorkState = OfCentre<'WorkState'>;
/** What an incident turned out to be. */
export type Outcome = OfCentre<'ClosedAs'>;
/** The work on an incident as it stands. */
export type Work = OfCentre<'Work'>;
/** Measurements of an incident, with the unit in the name. */
export type Peak = Readonly<Record<string, unknown>>;
/** An incident at its centre. */
export type Incident = Omit<OfCentre<'Incident'>, 'peak'> & { peak: Peak };
/** An incident as a province knows it. */
export type Alert = Omit<OfProvince<'Alert'>, 'peak'> & { peak: Peak };

/** One thing that somebody did about an incident; at a province, whether it reached the centre. */
export type Entry = Omit<OfCentre<'Entry'>, 'action'> & {
  action: OfCentre<'Action'> | OfProvince<'Word'>;
  state?: OfProvince<'EntryState'>;
  reason?: string | null;
};

/** `GET /api/incidents/{id}` at a centre. */
export type IncidentDetail = Incident & Omit<OfCentre<'IncidentDetail'>, keyof Incident | 'history'> & { history: Entry[] };
/** `GET /api/incidents/{id}` at a province. */
export type AlertDetail = Alert & { history: Entry[] };
/** How many wait; a province counts the new ones only. */
export type Counts = OfProvince<'Counts'> & Partial<OfCentre<'Counts'>>;

/** A page of incidents, newest flagged first. */
export interface IncidentList<T> {
  incidents: T[];
  next: string | null;
  counts: Counts;
}

/** What a list is asked for. */
export interface IncidentFilter {
  state?: WorkState | 'unfinished' | null;
  severity?: Severity | null;
  camera?: string | null;
  centre?: string | null;
  from?: string | null;
  to?: string | null;
  raised?: boolean | null;
  limit?: number;
  cursor?: string | null;
}

/** What somebody does about an incident; with the version that was shown, the service refuses if somebody was quicker. */
export interface Handling {
  action: Entry['action'];
  owner?: string;
  outcome?: Outcome;
  note?: string;
  version?: number;
}

/** Somebody whom an incident can be given to. */
export type Colleague = OfCentre<'Colleague'>;

const one = (id: string) => `/api/incidents/${encodeURIComponent(id)}`;

/** The address of a file of an incident. */
export const evidenceAddress = (id: string, file: 'clip.mp4' | 'still.jpg' | 'sound.wav'): string => `${one(id)}/${file}`;

/** What the clip shows, first and last moment in milliseconds: it begins at a whole picture, before what was asked for. */
export async function clipRange(id: string): Promise<Range> {
  const { payload } = await get<{ payload: string }>(`${one(id)}/manifest.json`);
  const text = new TextDecoder().decode(Uint8Array.from(atob(payload), (letter) => letter.charCodeAt(0)));
  const { files } = JSON.parse(text) as { files: { role: string; from: string; to: string }[] };
  const clip = files.find((file) => file.role === 'clip');
  if (!clip) throw new Problem(404, 'no clip');
  return { from: Date.parse(clip.from), to: Date.parse(clip.to) };
}

/** A page of incidents. */
export const incidents = <T>(filter: IncidentFilter, signal?: AbortSignal): Promise<IncidentList<T>> =>
  get(`/api/incidents${query({ ...filter })}`, signal);

/** All about one. */
export const incident = <T>(id: string, signal?: AbortSignal): Promise<T> => get(one(id), signal);

/** Does something about one; a centre answers with how it stands then. */
export const handle = <T>(id: string, handling: Handling): Promise<T> => post(`${one(id)}/handling`, handling);

/** Flags by hand what happens, or just happened. */
export const flagNow = (wanted: { camera?: string; note: string; severity: Severity; before: string }): Promise<{ id: string }> =>
  post('/api/incidents', wanted);

/** Whom an incident can be given to. */
export const staff = async (): Promise<Colleague[]> => (await get<{ people: Colleague[] }>('/api/staff')).people;

// Incidents as the service tells them, at a centre and at a province, and what can be done about them.
import { get, post, Problem, query } from './client';
import type { Range } from './footage';
import type { Severity } from './types';

/** What is being done about an incident. */
export type WorkState = 'new' | 'seen' | 'in-hand' | 'closed';
/** What an incident turned out to be. */
export type Outcome = 'real' | 'false-alarm' | 'test';

/** The work on an incident as it stands. */
export interface Work {
  state: WorkState;
  owner: string | null;
  outcome: Outcome | null;
  at: string | null;
}

/** Measurements of an incident, with the unit in the name. */
export type Peak = Readonly<Record<string, unknown>>;

/** What every incident has, wherever it is shown. */
interface Happening {
  id: string;
  kind: string;
  severity: Severity;
  camera: string | null;
  /** Other cameras that saw it too. */
  also: string[];
  zone: string | null;
  started_at: string;
  flagged_at: string;
  ended_at: string | null;
  peak: Peak;
  count: number;
  work: Work;
}

/** An incident at its centre. */
export interface Incident extends Happening {
  rule: string;
  asked: boolean;
  note: string | null;
  evidence: {
    state: 'none' | 'pending' | 'made' | 'impossible';
    reason: string | null;
    from: string | null;
    to: string | null;
    clip: boolean;
    still: boolean;
    sound: boolean;
  };
}

/** An incident as a province knows it. */
export interface Alert extends Happening {
  centre: string;
  /** Why there is no clip, or null. */
  no_clip: string | null;
  acknowledged: { by: string; at: string } | null;
  /** Needs somebody at the province. */
  raised: boolean;
  evidence: {
    clip: boolean;
    still: boolean;
    sound: boolean;
    /** Every file that came was found right against its signed digest. */
    verified: boolean;
    /** Files that have not come yet. */
    waiting: number;
  };
}

/** One thing that somebody did about an incident. */
export interface Entry {
  number: number;
  at: string;
  place: 'centre' | 'province';
  who: string;
  action: 'see' | 'take' | 'assign' | 'comment' | 'close' | 'reopen' | 'acknowledge';
  outcome: Outcome | null;
  owner: string | null;
  note: string | null;
  /** At a province: whether it reached the centre. */
  state?: 'done' | 'waiting' | 'refused' | 'failed' | 'expired';
  reason?: string | null;
}

/** `GET /api/incidents/{id}` at a centre. */
export interface IncidentDetail extends Incident {
  history: Entry[];
  version: number;
  /** How far it went to the province; null without one. */
  delivery: { events_waiting: number; files_waiting: number; delivered_at: string | null; refused: number } | null;
}

/** `GET /api/incidents/{id}` at a province. */
export interface AlertDetail extends Alert {
  history: Entry[];
}

/** How many wait. */
export interface Counts {
  new: number;
  /** Only at a centre. */
  seen?: number;
  in_hand?: number;
  urgent_new: number;
}

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

/** What somebody does about an incident. */
export interface Handling {
  action: Entry['action'];
  owner?: string;
  outcome?: Outcome;
  note?: string;
  /** The one that was shown: the service refuses if somebody was quicker. */
  version?: number;
}

/** Somebody whom an incident can be given to. */
export interface Colleague {
  name: string;
  full_name: string;
}

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

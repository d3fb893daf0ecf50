// What the service answers, as it is on the wire. Times are RFC 3339; the pages work with milliseconds.

/** Which of a camera's two streams. */
export type StreamName = 'main' | 'sub';
/** How the connection to a camera stands. */
export type CameraState = 'streaming' | 'connecting' | 'stalled' | 'lost' | 'refused';
/** Which of the two servers these pages come from. */
export type Installation = 'centre' | 'province';
/** What somebody may do. */
export type Right =
  | 'live'
  | 'view'
  | 'handle'
  | 'export'
  | 'hold'
  | 'delete'
  | 'health'
  | 'rules'
  | 'people'
  | 'audit';
/** What somebody is here: a set of rights with a name. */
export type Role = 'viewer' | 'staff' | 'supervisor' | 'technician' | 'admin' | 'monitor';

/** Somebody who signed in, and where. */
export interface Session {
  place: Installation;
  /** Of the centre or the province. */
  name: string;
  timezone: string;
  now: string;
  user: {
    name: string;
    full_name: string;
    role: Role;
    rights: Right[];
    /** The cameras (at a province: the centres) that this person is limited to; null is all. */
    only: string[] | null;
  };
  /** The one-time password has to be changed first. */
  must_change: boolean;
  csrf: string;
  /** After so many seconds without use the session ends. */
  idle_s: number;
}

/** How serious an incident is. */
export type Severity = 'notice' | 'warning' | 'urgent';

/** A camera and how it stands. */
export interface Camera {
  id: string;
  name: string;
  streams: StreamName[];
  state: CameraState;
  since: string;
  /** Whether its sound is recorded, only measured, or neither. */
  audio: 'record' | 'level' | 'off';
  perception: boolean;
}

/** `GET /api/cameras`. */
export interface Cameras {
  timezone: string;
  now: string;
  cameras: Camera[];
}

/** A stretch of recording without a gap, of one format. */
export interface Span {
  from: string;
  to: string;
  clock_epoch: number | string;
  run: number;
  lost_packets: number;
  sound: boolean;
  /** Codec and size: `h264 1920x1080`. */
  video: string;
}

/** A stretch without recording; the reason is a word of ours, or null if nobody knows. */
export interface Gap {
  from: string;
  to: string;
  reason: string | null;
}

/** An incident as the time line shows it. */
export interface TimelineIncident {
  id: string;
  kind: string;
  severity: Severity;
  started_at: string;
  flagged_at: string;
  ended_at: string | null;
}

/** Loudness and people over time, one value each step. */
export interface Curve {
  from: string;
  step_ms: number;
  level_dbfs: (number | null)[];
  people: (number | null)[];
}

/** `GET /api/cameras/{id}/timeline`. */
export interface TimelineAnswer {
  spans: Span[];
  gaps: Gap[];
  incidents: TimelineIncident[];
  curve: Curve;
}

// What both servers answer, as it is on the wire. Times are RFC 3339; the pages work with milliseconds.
import type { OfCentre } from './schema/answers';

/** Which of a camera's two streams. */
export type StreamName = OfCentre<'StreamKind'>;
/** How the connection to a camera stands. */
export type CameraState = OfCentre<'CameraState'>;
/** Which of the two servers these pages come from. */
export type Installation = OfCentre<'Server'>;
/** What somebody may do. */
export type Right = OfCentre<'Right'>;
/** What somebody is here: a set of rights with a name. */
export type Role = OfCentre<'Role'>;
/** Somebody who signed in, and where. */
export type Session = OfCentre<'Session'>;
/** How serious an incident is. */
export type Severity = OfCentre<'Severity'>;
/** A camera and how it stands. */
export type Camera = OfCentre<'Camera'>;
/** `GET /api/cameras`. */
export type Cameras = OfCentre<'Cameras'>;
/** A stretch of recording without a gap, of one format. */
export type Span = OfCentre<'Span'>;
/** A stretch without recording; the reason is a word of ours, or null if nobody knows. */
export type Gap = OfCentre<'Gap'>;
/** An incident as the time line shows it. */
export type TimelineIncident = OfCentre<'TimelineIncident'>;
/** Loudness and people over time, one value each step. */
export type Curve = OfCentre<'Curve'>;
/** `GET /api/cameras/{id}/timeline`. */
export type TimelineAnswer = OfCentre<'TimelineAnswer'>;

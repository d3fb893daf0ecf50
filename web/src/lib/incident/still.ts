// The small picture of an incident: its own still, or what its camera recorded when it was flagged.
import { thumbAddress } from '$lib/api/footage';
import { evidenceAddress, type Alert, type Incident } from '$lib/api/incidents';

/** The address of the picture, or null if there is none to hope for. */
export function stillOf(incident: Incident | Alert, width: number): string | null {
  if (incident.evidence.still) return evidenceAddress(incident.id, 'still.jpg');
  // A province has no recordings.
  if ('centre' in incident || !incident.camera || incident.kind === 'camera-lost') return null;
  return thumbAddress(incident.camera, Date.parse(incident.flagged_at), width);
}

// Which incident of each camera nobody has looked at yet: the gravest of them.
import type { Incident } from '$lib/api/incidents';
import { byGravity } from '$lib/incident/order';

/** The gravest incident of each camera, the newest of equals. */
export function gravestByCamera(incidents: readonly Incident[]): Map<string, Incident> {
  const found = new Map<string, Incident>();
  for (const incident of [...incidents].sort(byGravity)) {
    for (const camera of [incident.camera, ...incident.also]) {
      if (camera !== null && !found.has(camera)) found.set(camera, incident);
    }
  }
  return found;
}

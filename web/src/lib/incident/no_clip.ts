// Why there is no clip of an incident, in words of ours where the reason is known.
import type { Alert, Incident } from '$lib/api/incidents';
import { word, type WordKey } from '$lib/words/words.svelte';

/** Reasons as the service writes them. */
const known: Record<string, WordKey> = {
  'the camera sent no picture': 'incident.no-clip-camera',
  'nothing was recorded': 'incident.no-clip-nothing',
  'this concerns the service, not a camera': 'incident.no-clip-service',
  'it is about no camera in particular': 'incident.no-clip-service',
};

/** What is said in place of the clip; null where there is one. */
export function noClip(incident: Incident | Alert): string | null {
  const { evidence } = incident;
  if (evidence.clip) return word('incident.no-clip-broken');
  if ('centre' in incident) {
    if (incident.no_clip) return reasonInWords(incident.no_clip);
    return word(incident.evidence.waiting > 0 ? 'incident.no-clip-coming' : 'incident.no-clip-none');
  }
  switch (incident.evidence.state) {
    case 'pending':
      return word('incident.no-clip-pending');
    case 'impossible':
      return incident.evidence.reason ? reasonInWords(incident.evidence.reason) : word('incident.no-clip-none');
    default:
      return word('incident.no-clip-none');
  }
}

function reasonInWords(reason: string): string {
  const key = known[reason];
  return key ? word(key) : word('incident.no-clip-reason', { reason });
}

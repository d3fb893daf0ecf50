// The time line, in English.
import type { timeline as vi } from '../vi/timeline';

/** Words of this area. */
export const timeline: Readonly<Record<keyof typeof vi, string>> = {
  'timeline.label': 'Time line',
  'timeline.zoom-in': 'Zoom in',
  'timeline.zoom-out': 'Zoom out',
  'timeline.earlier': 'Earlier',
  'timeline.later': 'Later',
  'timeline.level': 'Loudness',
  'timeline.people': 'People',
  'timeline.recorded': 'Recorded',
  'timeline.gap': 'No picture',
  'timeline.mark-hint': 'Drag along the time line to mark a range.',
  'timeline.marked': 'Marked {{from}} – {{to}} ({{length}})',
  'timeline.unmark': 'Unmark',
  'timeline.download': 'Download this range (MP4)',
  'timeline.preparing': 'Preparing…',
  'timeline.failed': 'The time line could not be loaded: {{detail}}',
};

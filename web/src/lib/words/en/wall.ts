// All cameras live, in English.
import type { wall as vi } from '../vi/wall';

/** Words of this area. */
export const wall: Readonly<Record<keyof typeof vi, string>> = {
  'wall.full-screen': 'Full screen',
  'wall.leave-full-screen': 'Leave full screen',
  'wall.listen': 'Listen to {{name}}',
  'wall.stop-listening': 'Sound of {{name}} off',
  'wall.all-well': 'All {{count}} cameras have a picture.',
  'wall.some-gone': '{{gone}} of {{count}} cameras have no picture.',
  'wall.do-connecting': 'Wait about a minute. If there is still no picture, check the power and network cables of the camera.',
  'wall.do-stalled': 'Unplug the camera, wait 10 seconds, and plug it in again.',
  'wall.do-lost': 'Check the power and network cables of the camera.',
  'wall.do-refused': 'Tell the technician: the password of the camera was changed.',
};

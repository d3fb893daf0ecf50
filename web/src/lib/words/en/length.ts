// Lengths of time, in English.
import type { length as vi } from '../vi/length';

/** Words of this area. */
export const length: Readonly<Record<keyof typeof vi, string>> = {
  'length.ms': '{{ms}} ms',
  'length.s': '{{s}} s',
  'length.min': '{{min}} min',
  'length.min-s': '{{min}} min {{s}} s',
  'length.h': '{{h}} h',
  'length.h-min': '{{h}} h {{min}} min',
  'length.d': '{{d}} d',
  'length.d-h': '{{d}} d {{h}} h',
  'length.just-now': 'just now',
  'length.min-ago': '{{min}} min ago',
  'length.h-ago': '{{h}} h ago',
  'length.d-ago': '{{d}} d ago',
};

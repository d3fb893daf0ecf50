// Flagging by hand, in English.
import type { flag as vi } from '../vi/flag';

/** Words of this area. */
export const flag: Readonly<Record<keyof typeof vi, string>> = {
  'flag.button': 'Flag',
  'flag.title': 'Flag what is happening',
  'flag.camera': 'Camera',
  'flag.before': 'It began before now',
  'flag.before-30s': '30 s',
  'flag.before-1min': '1 min',
  'flag.before-2min': '2 min',
  'flag.before-5min': '5 min',
  'flag.severity': 'How serious',
  'flag.note': 'What is it?',
  'flag.phrase-quarrel': 'People are quarrelling',
  'flag.phrase-unwell': 'Somebody is unwell',
  'flag.phrase-lost': 'Somebody lost something',
  'flag.send': 'Flag it',
  'flag.sending': 'Sending…',
  'flag.done': 'It is on record. Picture and sound of it are kept.',
  'flag.look': 'Open it',
};

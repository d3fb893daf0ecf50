// Everything a person sees, in Vietnamese: the first language, and the list of all words there are.
// Plain words for people at a counter. `{{…}}` are filled in; the English must have the same keys and fillings.
import { app } from './vi/app';
import { audit } from './vi/audit';
import { board } from './vi/board';
import { camera } from './vi/camera';
import { exporting } from './vi/export';
import { flag } from './vi/flag';
import { health } from './vi/health';
import { incident } from './vi/incident';
import { kind } from './vi/kind';
import { length } from './vi/length';
import { notice } from './vi/notice';
import { people } from './vi/people';
import { player } from './vi/player';
import { problem } from './vi/problem';
import { recordings } from './vi/recordings';
import { rules } from './vi/rules';
import { session } from './vi/session';
import { timeline } from './vi/timeline';
import { wall } from './vi/wall';

/** The Vietnamese words. */
export const vi = {
  ...app,
  ...camera,
  ...player,
  ...timeline,
  ...kind,
  ...length,
  ...incident,
  ...session,
  ...board,
  ...flag,
  ...wall,
  ...problem,
  ...recordings,
  ...exporting,
  ...health,
  ...notice,
  ...people,
  ...audit,
  ...rules,
} as const;

/** The name of a word or sentence. */
export type WordKey = keyof typeof vi;

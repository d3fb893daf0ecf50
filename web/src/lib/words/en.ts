// The same words in English. A missing or surplus key does not compile.
import { app } from './en/app';
import { audit } from './en/audit';
import { board } from './en/board';
import { camera } from './en/camera';
import { exporting } from './en/export';
import { flag } from './en/flag';
import { health } from './en/health';
import { incident } from './en/incident';
import { kind } from './en/kind';
import { length } from './en/length';
import { notice } from './en/notice';
import { people } from './en/people';
import { player } from './en/player';
import { problem } from './en/problem';
import { recordings } from './en/recordings';
import { rules } from './en/rules';
import { session } from './en/session';
import { timeline } from './en/timeline';
import { wall } from './en/wall';
import type { WordKey } from './vi';

/** The English words. */
export const en: Readonly<Record<WordKey, string>> = {
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
};

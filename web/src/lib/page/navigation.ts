// The map of the pages: which there are, for whom, and what they are called.
import type { Installation, Right, Session } from '$lib/api/types';
import type { WordKey } from '$lib/words/words.svelte';
import type { IconName } from './icons';

/** A page that one can go to. */
export interface Destination {
  href: string;
  word: WordKey;
  icon: IconName;
  /** Any of these rights is enough; none needed if there are none. */
  rights: readonly Right[];
  places: readonly Installation[];
  /** Used all day long: always in view. The others are in the menu. */
  isDaily: boolean;
}

const both = ['centre', 'province'] as const;
const centre = ['centre'] as const;

const all: readonly Destination[] = [
  { href: '/', word: 'app.incidents', icon: 'bell', rights: ['view'], places: centre, isDaily: true },
  { href: '/', word: 'app.board', icon: 'bell', rights: ['view'], places: ['province'], isDaily: true },
  { href: '/wall', word: 'app.wall', icon: 'wall', rights: ['live'], places: centre, isDaily: true },
  { href: '/recordings', word: 'app.recordings', icon: 'recordings', rights: ['view'], places: centre, isDaily: true },
  { href: '/exports', word: 'app.exports', icon: 'package', rights: ['export', 'hold'], places: centre, isDaily: false },
  { href: '/health', word: 'app.health', icon: 'pulse', rights: ['health'], places: centre, isDaily: true },
  { href: '/rules', word: 'app.rules', icon: 'rules', rights: ['rules'], places: centre, isDaily: false },
  { href: '/people', word: 'app.people', icon: 'people', rights: ['people'], places: both, isDaily: false },
  { href: '/audit', word: 'app.audit', icon: 'journal', rights: ['audit'], places: both, isDaily: false },
  { href: '/notice', word: 'app.notice', icon: 'notice', rights: [], places: centre, isDaily: false },
];

/** Whose map it is. */
type Visitor = Pick<Session, 'place' | 'user'>;

const isOpenTo = ({ rights, places }: Destination, { place, user }: Visitor): boolean =>
  places.includes(place) && (rights.length === 0 || rights.some((right) => user.rights.includes(right)));

/** Where somebody can go. */
export function destinations(visitor: Visitor): Destination[] {
  return all.filter((each) => isOpenTo(each, visitor));
}

/** The page at an address that somebody may not open; null if they may, or if it is none of the map. */
export function closedTo(visitor: Visitor, path: string): Destination | null {
  const pages = all.filter((each) => each.href === path);
  if (pages.some((each) => isOpenTo(each, visitor))) return null;
  return pages.find((each) => each.places.includes(visitor.place)) ?? pages[0] ?? null;
}

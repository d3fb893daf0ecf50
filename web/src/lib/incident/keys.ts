// The keyboard of the pages with incidents: which key does what.
import { isTyping } from '$lib/page/typing';

/** What the keys can do. */
export interface Deeds {
  /** The next (1) or the previous (-1) in the list. */
  move: (by: 1 | -1) => void;
  back: () => void;
  play: () => void;
  take: () => void;
  askClose: () => void;
  help: () => void;
}

const actions: Record<string, (deeds: Deeds) => void> = {
  j: (d) => d.move(1),
  ArrowDown: (d) => d.move(1),
  k: (d) => d.move(-1),
  ArrowUp: (d) => d.move(-1),
  Escape: (d) => d.back(),
  ' ': (d) => d.play(),
  m: (d) => d.take(),
  c: (d) => d.askClose(),
  '?': (d) => d.help(),
};

/** Does what a key says, unless it belongs to something else. */
export function pressed(event: KeyboardEvent, deeds: Deeds): void {
  const action = actions[event.key];
  if (!action || isTyping(event)) return;
  // A button is pressed with the space bar, and a video has it for itself.
  const at = event.target instanceof Element ? event.target : null;
  if (event.key === ' ' && at?.closest('button, summary, video')) return;
  event.preventDefault();
  action(deeds);
}

/** Moves the focus along the rows of a list. */
export function moveAlong(list: HTMLElement, by: 1 | -1, open: string | null): void {
  const rows = [...list.querySelectorAll<HTMLAnchorElement>('a[data-incident]')];
  const focused = rows.findIndex((row) => row === document.activeElement);
  const at = focused >= 0 ? focused : rows.findIndex((row) => row.dataset['incident'] === open);
  // From nowhere both ways lead to the first.
  const next = at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by));
  rows[next]?.focus();
}

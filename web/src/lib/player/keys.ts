// The keyboard of the player: which key does what.

/** Whatever can be played by keys: one camera, or several in step. */
export interface Keyed {
  readonly muted: boolean;
  toggle(): void;
  move(seconds: number): void;
  step(direction: 1 | -1): Promise<void>;
  changeSpeed(direction: 1 | -1): void;
  setMuted(muted: boolean): void;
}

const actions: Record<string, (player: Keyed) => void> = {
  ' ': (p) => p.toggle(),
  ArrowLeft: (p) => p.move(-5),
  ArrowRight: (p) => p.move(5),
  ',': (p) => void p.step(-1),
  '.': (p) => void p.step(1),
  '<': (p) => p.changeSpeed(-1),
  '>': (p) => p.changeSpeed(1),
  m: (p) => p.setMuted(!p.muted),
  M: (p) => p.setMuted(!p.muted),
};

/** Does what a key says, unless somebody is typing or pressing a button with it. */
export function pressed(event: KeyboardEvent, player: Keyed): void {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
  const at = event.target instanceof Element ? event.target : null;
  if (at?.closest('input, select, textarea, [role="dialog"], [role="menu"]')) return;
  if (event.key === ' ' && at?.closest('button, a')) return;
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action(player);
}

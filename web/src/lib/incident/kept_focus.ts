// The keyboard always is somewhere: when what had it goes away (a row that is closed now, a button that was pressed),
// the nearest that is left gets it.

const settleMs = 100;

const rowsOf = (list: HTMLElement) => [...list.querySelectorAll<HTMLElement>('a[data-incident]')];

/** Watches over a list of incidents and its details, until the returned function is called. */
export function keepFocus(list: HTMLElement, details: HTMLElement, open: () => string | null): () => void {
  let last: HTMLElement | null = null;
  let index = -1;
  let incident: string | null = null;

  function noted({ target }: FocusEvent) {
    if (!(target instanceof HTMLElement)) return;
    last = target;
    index = rowsOf(list).indexOf(target);
    incident = target.dataset['incident'] ?? open();
  }

  function changed() {
    if (!last || last.isConnected || (document.activeElement && document.activeElement !== document.body)) return;
    // A dialog holds the keyboard until it is gone, which is told then.
    if (document.querySelector('[role="dialog"]')) return;
    const rows = rowsOf(list);
    const isOfDetails = index < 0 && open() !== null;
    const row = rows.find((one) => one.dataset['incident'] === incident) ?? rows[Math.min(Math.max(index, 0), rows.length - 1)];
    if (row && !isOfDetails) row.focus({ preventScroll: true });
    // On phones the list is not there while something is open.
    if (document.activeElement !== row || !row) details.focus({ preventScroll: true });
  }

  // A dialog that closes gives the keyboard back to what had it, also when that is gone by then.
  const observer = new MutationObserver(() => {
    if (last && !last.isConnected) setTimeout(changed, settleMs);
  });
  observer.observe(document.body, { childList: true, subtree: true });
  for (const part of [list, details]) part.addEventListener('focusin', noted);
  return () => {
    observer.disconnect();
    for (const part of [list, details]) part.removeEventListener('focusin', noted);
  };
}

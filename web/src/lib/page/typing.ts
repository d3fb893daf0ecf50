// Keys that do something on a page must not do it while somebody writes, or while a dialog or menu is open.

/** Whether a key belongs to something else than the page. */
export function isTyping(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || event.isComposing) return true;
  const at = event.target instanceof Element ? event.target : null;
  return at?.closest('input, select, textarea, [contenteditable], [role="dialog"], [role="menu"], [role="listbox"]') != null;
}

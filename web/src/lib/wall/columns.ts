// How many cameras stand side by side on the wall.

/** Height of what is written under a picture, and the space between tiles (pixels). */
const label = 54;
const between = 14;
/** A picture narrower than this shows nobody (pixels). */
const narrowest = 290;
/** So much more than the screen holds is scrolled rather than shown smaller. */
const tolerated = 1.12;

/** As many columns as make the pictures as large as can be while all are in view; if they cannot be, the page scrolls. */
export function columnsFor(count: number, width: number, height: number): number {
  const most = Math.max(1, Math.min(count, Math.floor((width + between) / (narrowest + between))));
  for (let columns = 1; columns < most; columns++) {
    const tile = (width - (columns - 1) * between) / columns;
    const rows = Math.ceil(count / columns);
    if (rows * ((tile * 9) / 16 + label + between) - between <= height * tolerated) return columns;
  }
  return most;
}

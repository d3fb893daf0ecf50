// Marks a range from the picture that is shown: its beginning first or its end first, as people do.
import type { Range } from '$lib/api/footage';

/** As long as a range is while only one of its ends was chosen (milliseconds). */
const atFirst = 60_000;

/** The range that begins here. */
export function markedFrom(marked: Range | null, moment: number): Range {
  return { from: moment, to: marked && marked.to > moment ? marked.to : moment + atFirst };
}

/** The range that ends here. */
export function markedTo(marked: Range | null, moment: number): Range {
  return { from: marked && marked.from < moment ? marked.from : moment - atFirst, to: moment };
}

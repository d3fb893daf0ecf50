// What went wrong when something was asked for, in English.
import type { problem as vi } from '../vi/problem';

/** Words of this area. */
export const problem: Readonly<Record<keyof typeof vi, string>> = {
  'problem.busy': 'The recorder is doing something like this already. Wait until it is done, then try again.',
  'problem.no-room': 'There is not enough room on the disk for this.',
  'problem.nothing': 'There was nothing at that time.',
  'problem.none-closed': 'No incident of this rule was closed in the last 30 days: there is nothing to try on yet.',
  'problem.not-whole': 'This package is not ready, or not whole.',
  'problem.released': 'This was released already.',
  'problem.locked': 'This name is locked because of wrong passwords. Wait, then try again.',
  'problem.csrf': 'The session has changed. Load the page again, then try again.',
  'problem.closed': 'The incident is closed. Reopen it to go on.',
  'problem.not-closed': 'The incident is not closed.',
  'problem.status-400': 'The recorder does not take this.',
  'problem.status-403': 'The recorder does not allow this.',
  'problem.status-404': 'Not found: it may have been deleted.',
  'problem.status-409': 'This cannot be done now.',
  'problem.status-410': 'It was deleted.',
  'problem.status-429': 'Too fast. Wait a moment, then try again.',
  'problem.status-503': 'The recorder is busy or the disk does not answer. Wait a moment, then try again.',
  'problem.other': 'Something went wrong.',
};

// The board of a province, in English.
import type { board as vi } from '../vi/board';

/** Words of this area. */
export const board: Readonly<Record<keyof typeof vi, string>> = {
  'board.centres': 'Centres',
  'board.alive': 'well',
  'board.slow': 'slow',
  'board.late': 'late',
  'board.silent': 'silent',
  'board.since': 'since {{time}}',
  'board.heard': 'last heard {{time}}',
  'board.missing': '{{count}} messages missing',
  'board.find': 'Find a centre',
  'board.only': 'Only: {{centre}}',
  'board.all': 'Show all',
  'board.waiting': 'Needs the province now',
  'board.others': 'Other incidents',
  'board.none': 'There are no incidents.',
  'board.acknowledge': 'Acknowledge',
  'board.acknowledged': 'Acknowledged by {{who}}',
  'board.verified': 'Signature checked: intact',
  'board.not-verified': 'Not checked yet',
  'board.files-waiting': '{{count}} files have not come yet',
  'board.order-done': 'the centre has it',
  'board.order-waiting': 'waiting for the centre',
  'board.order-refused': 'the centre refused',
  'board.order-failed': 'failed',
  'board.order-expired': 'too late: the centre did not answer',
};

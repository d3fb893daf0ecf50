// The frame around all pages, in English.
import type { app as vi } from '../vi/app';

/** Words of this area. */
export const app: Readonly<Record<keyof typeof vi, string>> = {
  'app.all-cameras': 'All cameras',
  'app.language': 'Language',
  'app.loading': 'Loading…',
  'app.unreachable': 'The recorder cannot be reached. This page keeps trying.',
  'app.no-cameras': 'No camera has been set up yet.',
  'app.no-such-camera': 'There is no camera “{{camera}}”.',
  'app.other-fault': 'Something went wrong: {{detail}}',
  'app.pages': 'Pages',
  'app.menu': 'Other pages and account of {{name}}',
  'app.new': '{{count}} new incidents',
  'app.incidents': 'Incidents',
  'app.board': 'Board',
  'app.wall': 'Live',
  'app.recordings': 'Recordings',
  'app.exports': 'Exports',
  'app.health': 'Health',
  'app.rules': 'Rules',
  'app.people': 'People',
  'app.audit': 'Journal',
  'app.notice': 'Notice about the cameras',
  'app.close': 'Close',
  'app.cancel': 'Cancel',
  'app.no-right': 'You may not do this. Ask the administrator.',
  'app.unreachable-now': 'The recorder cannot be reached. Try again.',
};

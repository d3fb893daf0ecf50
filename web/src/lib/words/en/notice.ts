// The notice about the cameras that hangs in the hall, in English.
import type { notice as vi } from '../vi/notice';

/** Words of this area. */
export const notice: Readonly<Record<keyof typeof vi, string>> = {
  'notice.about':
    'Print this and put it up where people see it before they come to the counters. What it says comes from the settings of the recorder.',
  'notice.print': 'Print the notice',
  'notice.with-sound': 'Picture and sound are recorded here',
  'notice.without-sound': 'Pictures are recorded here',
  'notice.no-sound-note': 'Sound is not recorded.',
  'notice.by': 'Recorded by',
  'notice.purpose': 'Purpose',
  'notice.keep': 'Kept for',
  'notice.keep-days': '{{days}} days, then deleted by itself. What belongs to an incident is kept longer to deal with it.',
  'notice.where': 'Where it is kept',
  'notice.where-here': 'On a recorder at {{centre}}.',
  'notice.where-province': 'On a recorder at {{centre}}. When something happens a short part is sent to the province.',
  'notice.contact': 'Questions and complaints',
  'notice.basis': 'Legal basis',
  'notice.missing': 'The notice names nobody to ask. Have the technician write it into the configuration file.',
};

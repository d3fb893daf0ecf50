// Looking back at what was recorded, in English.
import type { recordings as vi } from '../vi/recordings';

/** Words of this area. */
export const recordings: Readonly<Record<keyof typeof vi, string>> = {
  'recordings.cameras': 'Cameras',
  'recordings.choose': 'Choose a camera to look back at. Up to {{most}} cameras can be shown at once.',
  'recordings.too-many': 'Only {{most}} cameras can be shown at once. Take one away first.',
  'recordings.too-many-asked': 'This address names {{count}} cameras. The first {{most}} are shown.',
  'recordings.together': 'Recordings of {{names}}',
  'recordings.listen': 'Listen',
  'recordings.listen-to': 'Listen to {{name}}',
  'recordings.no-picture': 'No picture at this time. It is back at {{time}}.',
  'recordings.previous-incident': 'Previous incident',
  'recordings.next-incident': 'Next incident',
  'recordings.next-stretch': 'Next pictures after a gap',
  'recordings.searching': 'Looking…',
  'recordings.no-incident-before': 'There is no incident before this.',
  'recordings.no-incident-after': 'There is no incident after this.',
  'recordings.no-stretch-after': 'From here on the recording has no gap.',
  'recordings.day': 'Whole day',
  'recordings.keys':
    'Keys: space plays or pauses · ← → 5 seconds · , . single pictures · < > speed · m sound · n p next, previous incident · i o begin, end of a range',
  'recordings.mark-from': 'Range begins here',
  'recordings.mark-to': 'Range ends here',
  'recordings.download-of': 'Download {{name}} (MP4)',
  'recordings.all-sharp': 'Picture: {{stream}}',
};

// How a camera stands, in English.
import type { camera as vi } from '../vi/camera';

/** Words of this area. */
export const camera: Readonly<Record<keyof typeof vi, string>> = {
  'camera.streaming': 'Picture is there',
  'camera.connecting': 'Connecting to the camera',
  'camera.stalled': 'The camera sends no picture',
  'camera.lost': 'No connection to the camera',
  'camera.refused': 'The camera refused the password',
  'camera.since': '{{state}} since {{time}}',
  'camera.open': 'Open {{name}}',
};

// What people in the hall have to be told about the cameras.
import { get } from './client';
import type { OfCentre } from './schema/answers';

/** `GET /api/notice`. */
export type CameraNotice = OfCentre<'Notice'>;

/** Asks for it. */
export const cameraNotice = (): Promise<CameraNotice> => get('/api/notice');

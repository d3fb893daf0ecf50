// What people in the hall have to be told about the cameras.
import { get } from './client';

/** `GET /api/notice`. */
export interface CameraNotice {
  centre: string;
  /** Who records. */
  by: string;
  /** Whom to ask. */
  contact: string | null;
  /** The law it is done by. */
  basis: string | null;
  purpose: string;
  keep_days: number;
  sub_keep_days: number;
  cameras: number;
  with_sound: boolean;
  /** Whether incidents go to the province. */
  province: boolean;
  address: string | null;
}

/** Asks for it. */
export const cameraNotice = (): Promise<CameraNotice> => get('/api/notice');

// How a camera stands, in Vietnamese.

/** Words of this area. */
export const camera = {
  'camera.streaming': 'Đang có hình',
  'camera.connecting': 'Đang kết nối với camera',
  'camera.stalled': 'Camera không gửi hình',
  'camera.lost': 'Mất kết nối với camera',
  'camera.refused': 'Camera từ chối mật khẩu',
  'camera.since': '{{state}} từ {{time}}',
  'camera.open': 'Mở {{name}}',
} as const;

// All cameras live, in Vietnamese.

/** Words of this area. */
export const wall = {
  'wall.full-screen': 'Toàn màn hình',
  'wall.leave-full-screen': 'Thoát toàn màn hình',
  'wall.listen': 'Nghe tiếng ở {{name}}',
  'wall.stop-listening': 'Tắt tiếng {{name}}',
  'wall.all-well': '{{count}} camera, tất cả đang có hình.',
  'wall.some-gone': '{{gone}} trong {{count}} camera không có hình.',
  'wall.do-connecting': 'Chờ khoảng một phút. Nếu vẫn không có hình, kiểm tra dây điện và dây mạng của camera.',
  'wall.do-stalled': 'Rút điện camera, đợi 10 giây rồi cắm lại.',
  'wall.do-lost': 'Kiểm tra dây điện và dây mạng của camera.',
  'wall.do-refused': 'Báo người phụ trách kỹ thuật: mật khẩu của camera đã bị đổi.',
} as const;

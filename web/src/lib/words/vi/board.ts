// The board of a province, in Vietnamese.

/** Words of this area. */
export const board = {
  'board.centres': 'Các trung tâm',
  'board.alive': 'bình thường',
  'board.slow': 'gửi chậm',
  'board.late': 'trễ tin',
  'board.silent': 'mất liên lạc',
  'board.since': 'từ {{time}}',
  'board.heard': 'tin cuối {{time}}',
  'board.missing': 'thiếu {{count}} tin',
  'board.find': 'Tìm trung tâm',
  'board.only': 'Chỉ xem: {{centre}}',
  'board.all': 'Xem tất cả',
  'board.waiting': 'Cần tỉnh xem ngay',
  'board.others': 'Các sự việc khác',
  'board.none': 'Không có sự việc nào.',
  'board.acknowledge': 'Đã nhận tin',
  'board.acknowledged': '{{who}} đã nhận tin',
  'board.verified': 'Đã kiểm tra chữ ký: nguyên vẹn',
  'board.not-verified': 'Chưa kiểm tra xong',
  'board.files-waiting': 'còn {{count}} tệp chưa tới',
  'board.order-done': 'trung tâm đã nhận',
  'board.order-waiting': 'đang chờ trung tâm',
  'board.order-refused': 'trung tâm từ chối',
  'board.order-failed': 'không làm được',
  'board.order-expired': 'quá hạn, trung tâm không trả lời',
} as const;

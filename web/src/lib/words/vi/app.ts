// The frame around all pages, in Vietnamese.

/** Words of this area. */
export const app = {
  'app.all-cameras': 'Tất cả camera',
  'app.language': 'Ngôn ngữ',
  'app.loading': 'Đang tải…',
  'app.unreachable': 'Không liên lạc được với máy ghi hình. Trang sẽ tự thử lại.',
  'app.no-cameras': 'Chưa có camera nào được cài đặt.',
  'app.no-such-camera': 'Không có camera “{{camera}}”.',
  'app.other-fault': 'Có lỗi: {{detail}}',
  'app.pages': 'Các trang',
  'app.menu': 'Trang khác và tài khoản của {{name}}',
  'app.new': '{{count}} sự việc mới',
  'app.incidents': 'Sự việc',
  'app.board': 'Bảng theo dõi',
  'app.wall': 'Trực tiếp',
  'app.recordings': 'Xem lại',
  'app.exports': 'Xuất bản ghi',
  'app.health': 'Tình trạng',
  'app.rules': 'Quy tắc',
  'app.people': 'Người dùng',
  'app.audit': 'Nhật ký',
  'app.notice': 'Thông báo về camera',
  'app.close': 'Đóng',
  'app.cancel': 'Thôi',
  'app.no-right': 'Bạn không có quyền làm việc này. Hãy hỏi người quản trị.',
  'app.unreachable-now': 'Không liên lạc được với máy ghi hình. Hãy thử lại.',
} as const;

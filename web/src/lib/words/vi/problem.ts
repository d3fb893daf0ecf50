// What went wrong when something was asked for, in Vietnamese. The keys are the service's stable words, or the HTTP status.

/** Words of this area. */
export const problem = {
  'problem.busy': 'Máy đang làm một việc như vậy. Đợi xong rồi thử lại.',
  'problem.no-room': 'Ổ đĩa không đủ chỗ cho việc này.',
  'problem.nothing': 'Lúc đó không có gì để lấy.',
  'problem.none-closed': 'Trong 30 ngày qua chưa đóng sự việc nào của quy tắc này, nên chưa có gì để thử.',
  'problem.not-whole': 'Gói này chưa xong, hoặc không trọn vẹn.',
  'problem.released': 'Đoạn này đã được bỏ giữ từ trước.',
  'problem.locked': 'Tên này đang bị khóa vì nhập sai nhiều lần. Đợi rồi thử lại.',
  'problem.csrf': 'Phiên làm việc đã đổi. Tải lại trang rồi thử lại.',
  'problem.closed': 'Sự việc đã đóng. Muốn làm tiếp thì mở lại.',
  'problem.not-closed': 'Sự việc chưa đóng.',
  'problem.status-400': 'Máy ghi không nhận thông tin này.',
  'problem.status-403': 'Máy ghi không cho làm việc này.',
  'problem.status-404': 'Không tìm thấy: có thể đã bị xóa.',
  'problem.status-409': 'Bây giờ không làm được việc này.',
  'problem.status-410': 'Đã bị xóa.',
  'problem.status-429': 'Làm quá nhanh. Đợi một lát rồi thử lại.',
  'problem.status-503': 'Máy đang bận hoặc ổ đĩa không trả lời. Đợi một lát rồi thử lại.',
  'problem.other': 'Có lỗi.',
} as const;

// The notice about the cameras that hangs in the hall, in Vietnamese.

/** Words of this area. */
export const notice = {
  'notice.about': 'In tờ này và dán ở nơi người dân nhìn thấy trước khi vào quầy. Nội dung lấy từ cài đặt của máy ghi.',
  'notice.print': 'In tờ thông báo',
  'notice.with-sound': 'Khu vực này có ghi hình và ghi tiếng',
  'notice.without-sound': 'Khu vực này có ghi hình',
  'notice.no-sound-note': 'Không ghi tiếng.',
  'notice.by': 'Ai ghi',
  'notice.purpose': 'Để làm gì',
  'notice.keep': 'Lưu bao lâu',
  'notice.keep-days': '{{days}} ngày, sau đó tự xóa. Đoạn có sự việc được giữ lâu hơn để xử lý.',
  'notice.where': 'Lưu ở đâu',
  'notice.where-here': 'Trên máy ghi đặt tại {{centre}}.',
  'notice.where-province': 'Trên máy ghi đặt tại {{centre}}. Khi có sự việc, một đoạn ngắn được gửi lên tỉnh.',
  'notice.contact': 'Hỏi hoặc khiếu nại',
  'notice.basis': 'Căn cứ pháp lý',
  'notice.missing': 'Chưa có người liên hệ trên tờ thông báo. Nhờ kỹ thuật ghi vào tệp cấu hình.',
} as const;

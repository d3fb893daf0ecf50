// Flagging by hand, in Vietnamese.

/** Words of this area. */
export const flag = {
  'flag.button': 'Báo ngay',
  'flag.title': 'Báo một việc đang xảy ra',
  'flag.camera': 'Camera',
  'flag.before': 'Bắt đầu từ trước đó',
  'flag.before-30s': '30 giây',
  'flag.before-1min': '1 phút',
  'flag.before-2min': '2 phút',
  'flag.before-5min': '5 phút',
  'flag.severity': 'Mức độ',
  'flag.note': 'Chuyện gì vậy?',
  'flag.phrase-quarrel': 'Có người cãi nhau',
  'flag.phrase-unwell': 'Có người không khỏe',
  'flag.phrase-lost': 'Có người mất đồ',
  'flag.send': 'Báo',
  'flag.sending': 'Đang gửi…',
  'flag.done': 'Đã ghi nhận. Đoạn hình và tiếng được giữ lại.',
  'flag.look': 'Mở sự việc',
} as const;

// Looking back at what was recorded, in Vietnamese.

/** Words of this area. */
export const recordings = {
  'recordings.cameras': 'Camera',
  'recordings.choose': 'Chọn camera để xem lại. Có thể xem cùng lúc đến {{most}} camera.',
  'recordings.too-many': 'Chỉ xem cùng lúc được {{most}} camera. Hãy bỏ chọn một camera trước.',
  'recordings.too-many-asked': 'Địa chỉ này có {{count}} camera. Chỉ hiện {{most}} camera đầu.',
  'recordings.together': 'Xem lại {{names}}',
  'recordings.listen': 'Nghe tiếng',
  'recordings.listen-to': 'Nghe tiếng ở {{name}}',
  'recordings.no-picture': 'Không có hình lúc này. Sẽ hiện lại lúc {{time}}.',
  'recordings.previous-incident': 'Sự việc trước',
  'recordings.next-incident': 'Sự việc sau',
  'recordings.next-stretch': 'Đoạn có hình tiếp theo',
  'recordings.searching': 'Đang tìm…',
  'recordings.no-incident-before': 'Không có sự việc nào trước lúc này.',
  'recordings.no-incident-after': 'Không có sự việc nào sau lúc này.',
  'recordings.no-stretch-after': 'Hình được ghi liên tục từ đây đến hết.',
  'recordings.day': 'Cả ngày',
  'recordings.keys':
    'Phím tắt: dấu cách phát hoặc dừng · ← → 5 giây · , . từng hình · < > tốc độ · m tiếng · n p sự việc sau, trước · i o đầu, cuối đoạn',
  'recordings.mark-from': 'Đầu đoạn ở đây',
  'recordings.mark-to': 'Cuối đoạn ở đây',
  'recordings.download-of': 'Tải {{name}} (MP4)',
  'recordings.all-sharp': 'Hình: {{stream}}',
} as const;

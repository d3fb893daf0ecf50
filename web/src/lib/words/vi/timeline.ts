// The time line, in Vietnamese.

/** Words of this area. */
export const timeline = {
  'timeline.label': 'Dòng thời gian',
  'timeline.zoom-in': 'Phóng to',
  'timeline.zoom-out': 'Thu nhỏ',
  'timeline.earlier': 'Sớm hơn',
  'timeline.later': 'Muộn hơn',
  'timeline.level': 'Độ ồn',
  'timeline.people': 'Số người',
  'timeline.recorded': 'Có ghi hình',
  'timeline.gap': 'Không có hình',
  'timeline.mark-hint': 'Kéo chuột trên dòng thời gian để chọn một đoạn.',
  'timeline.marked': 'Đã chọn {{from}} – {{to}} ({{length}})',
  'timeline.unmark': 'Bỏ chọn',
  'timeline.download': 'Tải đoạn này về (MP4)',
  'timeline.preparing': 'Đang chuẩn bị…',
  'timeline.failed': 'Không tải được dòng thời gian: {{detail}}',
} as const;

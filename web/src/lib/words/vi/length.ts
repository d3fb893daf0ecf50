// Lengths of time, in Vietnamese.

/** Words of this area. */
export const length = {
  'length.ms': '{{ms}} mili giây',
  'length.s': '{{s}} giây',
  'length.min': '{{min}} phút',
  'length.min-s': '{{min}} phút {{s}} giây',
  'length.h': '{{h}} giờ',
  'length.h-min': '{{h}} giờ {{min}} phút',
  'length.d': '{{d}} ngày',
  'length.d-h': '{{d}} ngày {{h}} giờ',
  'length.just-now': 'vừa xong',
  'length.min-ago': '{{min}} phút trước',
  'length.h-ago': '{{h}} giờ trước',
  'length.d-ago': '{{d}} ngày trước',
} as const;

// Which rule is wrong how often, and another threshold for it, in Vietnamese.

/** Words of this area. */
export const rules = {
  'rules.about':
    'Mỗi sự việc đã kết thúc được tính là đúng, báo nhầm hay thử, trong {{days}} ngày qua. Quy tắc báo nhầm nhiều nhất ở trên cùng.',
  'rules.none': 'Chưa có quy tắc nào.',
  'rules.real': '{{count}} đúng',
  'rules.false-alarm': '{{count}} báo nhầm',
  'rules.test': '{{count}} thử',
  'rules.open': '{{count}} chưa kết thúc',
  'rules.nothing': 'Chưa có sự việc nào kết thúc.',
  'rules.per-week': '{{count}} lần báo nhầm mỗi tuần',
  'rules.no-false': 'Không báo nhầm lần nào.',
  'rules.cameras': 'Camera: {{names}}',
  'rules.all-cameras': 'Tất cả camera',
  'rules.tune': 'Xem ngưỡng khác',
  'rules.suggestion':
    'Nếu đặt ngưỡng {{threshold}} thay vì {{now}}: tránh được {{avoids}}/{{false}} lần báo nhầm, vẫn báo đủ {{keeps}}/{{real}} lần thật.',
  'rules.with-threshold':
    'Với ngưỡng {{threshold}}: tránh được {{avoids}}/{{false}} lần báo nhầm, vẫn báo {{keeps}}/{{real}} lần thật.',
  'rules.loses': 'Chú ý: {{count}} lần thật sẽ không được báo.',
  'rules.threshold': 'Ngưỡng thử',
  'rules.threshold-now': 'Ngưỡng hiện nay: {{threshold}}',
  'rules.row-real': 'Đúng',
  'rules.row-false': 'Báo nhầm',
  'rules.plot': 'Mỗi dấu là một sự việc. Dấu đặc được báo với ngưỡng thử, dấu rỗng thì không.',
  'rules.try': 'Thử lại trên hình đã ghi',
  'rules.trial-waiting': 'Đang chờ đến lượt…',
  'rules.trial-running': 'Đang thử, {{percent}}',
  'rules.trial-progress': 'Tiến độ thử',
  'rules.trial-failed': 'Không thử được: {{problem}}',
  'rules.trial-done':
    'Đã thử xong với ngưỡng {{threshold}}: báo {{flagged}} lần, không báo {{quiet}} lần, {{gone}} lần không còn bản ghi.',
  'rules.trial-incident': 'Sự việc',
  'rules.trial-was': 'Thực ra',
  'rules.trial-now': 'Với ngưỡng thử',
  'rules.flagged': 'Báo',
  'rules.not-flagged': 'Không báo',
  'rules.footage-gone': 'Không còn bản ghi',
  'rules.outcome-real': 'Đúng',
  'rules.outcome-false-alarm': 'Báo nhầm',
  'rules.outcome-test': 'Thử',
  'rules.outcome-open': 'Chưa kết thúc',
  'rules.how':
    'Trang này không tự đổi ngưỡng. Người phụ trách kỹ thuật ghi dòng sau vào tệp cấu hình, trong mục [[rule]] của quy tắc này, rồi khởi động lại dịch vụ:',
  'rules.no-measure': 'Quy tắc này không có ngưỡng để thử.',
  'rules.unit-s': 'giây',
  'rules.unit-people': 'người',
  'rules.unit-percent': '%',
} as const;

// The drawings of our icons: strokes on a field of 24 by 24.

/** The strokes of each. */
export const icons = {
  bell: 'M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4',
  wall: 'M3 4h8v7H3zM13 4h8v7h-8zM3 13h8v7H3zM13 13h8v7h-8z',
  recordings: 'M12 7v5l3 2M4 12a8 8 0 1 0 2.5-5.8M4 4v4h4',
  package: 'M12 3v12M7 10l5 5 5-5M4 20h16',
  pulse: 'M3 12h4l3-7 4 14 3-7h4',
  rules: 'M4 7h10M18 7h2M4 17h2M10 17h10M14 4v6M6 14v6',
  people: 'M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 21c0-4 3-6 7-6s7 2 7 6M16 4a4 4 0 0 1 0 7M18 15c2.5.8 4 3 4 6',
  journal: 'M6 3h13v18H6a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zM9 8h6M9 12h6',
  notice: 'M5 3h14v18H5zM12 7v.5M12 11v6',
  person: 'M12 12a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM4 21c0-4.5 3.5-6 8-6s8 1.5 8 6',
  flag: 'M6 21V4h12l-3 4 3 4H6',
  menu: 'M4 6h16M4 12h16M4 18h16',
  cross: 'M5 5l14 14M19 5L5 19',
  check: 'M4 12l6 6L20 6',
  urgent: 'M8 2.5h8L21.5 8v8L16 21.5H8L2.5 16V8zM12 7v6M12 16.5v.5',
  warning: 'M12 3.5L22 20H2zM12 9v5.5M12 17v.5',
  eye: 'M2 12c3-5 6-7 10-7s7 2 10 7c-3 5-6 7-10 7s-7-2-10-7zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z',
  shield: 'M12 3l8 3v6c0 5-3.5 8-8 9.5C7.5 20 4 17 4 12V6zM8.5 12l2.5 2.5 4.5-5',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.5 2',
  camera: 'M3 7h13v10H3zM16 10l5-3v10l-5-3',
  sound: 'M4 9v6h4l5 4V5L8 9zM16 8.5a5 5 0 0 1 0 7M18.5 6a9 9 0 0 1 0 12',
  'no-sound': 'M4 9v6h4l5 4V5L8 9zM16.5 9.5l5 5M21.5 9.5l-5 5',
  language: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18',
  back: 'M15 5l-7 7 7 7',
  play: 'M7 4.5v15l12-7.5z',
  question: 'M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 17.5v.5M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z',
} as const;

/** The name of an icon. */
export type IconName = keyof typeof icons;

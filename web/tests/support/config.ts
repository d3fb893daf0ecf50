// The configuration files of a test's centre and province.
import type { CameraSpec } from './cameras';

/** Where the two ends of the link meet, and the keys by which they know each other. */
export interface Link {
  broker: number;
  centreKey: string;
  provinceKey: string;
}

/** What a test wants otherwise. */
export interface Configured {
  /** How long a recorded file is. */
  segment?: string;
  /** More lines of [centre]. */
  centre?: string;
  /** More lines of [web]. */
  web?: string;
  /** Sections after all others. */
  rules?: string;
  /** How often what was recorded is signed. */
  sealEvery?: string;
  /** Why footage is kept. */
  purpose?: string;
  link?: Link;
}

/** A rule that needs no patience. */
export const loudRule = `
[[rule]]
kind = "raised-voices"
hold = "1s"
cool_down = "5s"
sound_may_leave = true
`;

/** The public half of a key. */
export const publicHalf = (key: string) => key.replace(/\.pem$/, '.pub.pem');

/** A centre's. */
export function edgeConfig(specs: CameraSpec[], rtsp: number, storage: string, port: number, wanted: Configured): string {
  const cameras = specs.map(
    (spec) => `
[[camera]]
id = "${spec.id}"
name = "${spec.name ?? `Quầy ${spec.id.split('-').pop()}`}"
main = "rtsp://127.0.0.1:${rtsp}/${spec.id}/main"
${spec.sub ? `sub = "rtsp://127.0.0.1:${rtsp}/${spec.id}/sub"` : ''}
${spec.more ?? ''}`,
  );
  return `
[centre]
id = "xuan-lung"
name = "Trung tâm phục vụ hành chính công xã Xuân Lũng"
default_rules = false
${wanted.centre ?? ''}

[storage]
path = "${storage}"
keep = "30d"
reserve = "10MB"
purpose = "${wanted.purpose ?? 'thử nghiệm'}"
segment = "${wanted.segment ?? '10s'}"
seal_every = "${wanted.sealEvery ?? '1h'}"

[web]
listen = "127.0.0.1:${port}"
${wanted.web ?? ''}
${wanted.link ? linked(wanted.link) : ''}
${cameras.join('')}
${wanted.rules ?? ''}`;
}

function linked({ broker, centreKey, provinceKey }: Link): string {
  return `
[province]
broker = "mqtt://127.0.0.1:${broker}"
identity = "${centreKey}"
trust = "${publicHalf(provinceKey)}"
`;
}

/** A province's; a second centre of it, with `otherKey`, was never heard of. */
export function provinceConfig(storage: string, port: number, { broker, centreKey, provinceKey }: Link, otherKey: string): string {
  return `
[province]
name = "Tỉnh thử nghiệm"
broker = "mqtt://127.0.0.1:${broker}"
identity = "${provinceKey}"

[storage]
path = "${storage}"
reserve = "10MB"

[web]
listen = "127.0.0.1:${port}"

[[centre]]
id = "xuan-lung"
name = "Xã Xuân Lũng"
keys = "${publicHalf(centreKey)}"

[[centre]]
id = "phung-nguyen"
name = "Xã Phùng Nguyên"
keys = "${publicHalf(otherKey)}"
`;
}

// Makes the pictures of docs/screens: a centre on a busy morning, and the province's board. `npm run screens`.
import { expect, test, type Page } from '@playwright/test';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CameraSpec } from './support/cameras';
import { Centre, iso } from './support/centre';
import { incidentOf, row, type Told } from './support/incidents';
import { addPerson, signIn, signInAs, type Visitor } from './support/people';
import { root, until } from './support/process';
import { Province } from './support/province';

const folder = join(root, 'docs/screens');
const size = { width: 1280, height: 900 };

const cameras: CameraSpec[] = [
  { id: 'counter-1', name: 'Quầy 1' },
  { id: 'counter-2', name: 'Quầy 2', filmFrom: 20 },
  { id: 'waiting', name: 'Khu ngồi chờ', filmFrom: 40 },
  { id: 'gate', name: 'Cổng vào', filmFrom: 55 },
].map((spec) => ({ ...spec, sub: true, fps: 8, kbps: 500 }));

const rules = `
[[rule]]
kind = "raised-voices"
hold = "1s"
cool_down = "5s"
over_baseline_db = 8.0
min_level_dbfs = -50.0
sound_may_leave = true

[[rule]]
kind = "crowding"
cameras = ["waiting"]
min_people = 3
hold = "3s"

[[rule]]
kind = "camera-lost"

[notice]
by = "UBND xã Xuân Lũng"
contact = "0210 3 888 888"
basis = "Quyết định 12/QĐ-UBND ngày 05/01/2026"
`;

let province: Province;
let centre: Centre;

test.afterEach(async () => {
  await centre?.end();
  await province?.end();
});

/** A picture of the page as it is now: of pages with footage a JPEG is smaller, of others a PNG. */
async function picture(page: Page, name: string): Promise<void> {
  const isPhoto = name.endsWith('.jpg');
  await page.screenshot({ path: join(folder, name), ...(isPhoto ? { type: 'jpeg', quality: 80 } : { type: 'png' }) });
}

/** Somebody shouts, and it is flagged. */
async function shouted(loudness: number): Promise<Told> {
  const before = Date.now();
  centre.cameras.shout('counter-1', loudness);
  return incidentOf(centre, 'raised-voices', (one) => Date.parse(one.started_at) > before - 1000, 30);
}

const handle = (who: Visitor, { id }: { id: string }, handling: Record<string, unknown>) =>
  who.ask(`/api/incidents/${id}/handling`, 'POST', handling);

/** What people flag at the counters. */
async function flag(who: Visitor, camera: string, note: string, severity: string): Promise<{ id: string }> {
  const answer = await who.ask('/api/incidents', 'POST', { camera, note, severity, before: '10s' });
  return (await answer.json()) as { id: string };
}

test('the pictures of the pages @screens', async ({ page, browser }) => {
  test.setTimeout(600_000);
  mkdirSync(folder, { recursive: true });
  province = await Province.start();
  centre = await Centre.start(cameras, { rules, link: province.link, purpose: 'Bảo đảm an ninh, trật tự tại nơi tiếp công dân' });
  const hoa = await addPerson(centre, { name: 'hoa', full_name: 'Lê Thị Hoa', role: 'staff' });
  const minh = await addPerson(centre, { name: 'minh', full_name: 'Trần Quang Minh', role: 'supervisor' });
  await addPerson(centre, { name: 'lan', full_name: 'Phạm Thị Lan', role: 'viewer', only: ['waiting', 'gate'] });
  await addPerson(centre, { name: 'binh', full_name: 'Đỗ Văn Bình', role: 'technician' });
  const { from } = await centre.recording('counter-1', 12);

  // The quiet ones were nothing, the loud ones were something.
  for (const [loudness, outcome] of [[0.35, 'false-alarm'], [0.4, 'false-alarm'], [1, 'real'], [0.45, 'false-alarm'], [0.9, 'real']] as const) {
    const one = await shouted(loudness);
    await handle(hoa, one, { action: 'close', outcome });
    await until('it to be calm again', 60, async () => {
      const now = await centre.ask<{ ended_at: string | null }>(`/api/incidents/${one.id}`);
      return now.ended_at !== null && Date.now() - Date.parse(now.ended_at) > 6000;
    });
  }
  centre.control({ do: 'away', mount: '/gate/main', for_s: 14 });
  const papers = await flag(hoa, 'counter-2', 'Để quên giấy tờ trên quầy', 'notice');
  await handle(hoa, papers, { action: 'see' });
  const fainted = await flag(hoa, 'waiting', 'Cụ bà bị ngất, đã gọi trạm y tế', 'urgent');
  await handle(minh, fainted, { action: 'take' });
  await incidentOf(centre, 'camera-lost', (one) => one.camera === 'gate');
  const shouting = await shouted(1);
  await until('its clip', 60, async () => {
    const { evidence } = await centre.ask<Told>(`/api/incidents/${shouting.id}`);
    return evidence.clip;
  });
  await handle(hoa, shouting, { action: 'take' });
  await handle(hoa, shouting, { action: 'comment', note: 'Đã mời hai người vào phòng tiếp dân.' });
  const wish = (camera: string[], seconds: number, reason: string) => ({
    cameras: camera,
    from: iso(from),
    to: iso(from + seconds * 1000),
    reason,
  });
  await minh.ask('/api/exports', 'POST', wish(['counter-1'], 40, 'Công an xã yêu cầu, công văn số 12'));
  await minh.ask('/api/exports', 'POST', wish(['counter-1', 'waiting'], 60, 'Giải quyết đơn khiếu nại của ông Tư'));
  await minh.ask('/api/holds', 'POST', { ...wish(['counter-1'], 60, 'Chờ kết luận của công an xã'), until: null });

  const desk = { viewport: size, locale: 'vi-VN', timezoneId: 'Asia/Ho_Chi_Minh' };
  await page.goto(centre.address);
  await expect(page.getByRole('heading', { name: 'quaywatch' })).toBeVisible();
  await picture(page, 'sign-in.png');
  await signIn(page, centre);

  await page.goto(`${centre.address}/exports`);
  await expect(page.getByRole('link', { name: 'Tải gói về (ZIP)' })).toHaveCount(2, { timeout: 60_000 });
  await picture(page, 'exports.png');
  for (const [path, name] of [
    ['/health', 'health.png'],
    ['/notice', 'notice.png'],
    ['/people', 'people.png'],
    ['/audit', 'audit.png'],
    ['/rules', 'rules.png'],
  ] as const) {
    await page.goto(`${centre.address}${path}`);
    await expect(page.getByText('Đang tải…')).toHaveCount(0);
    await page.waitForTimeout(1000);
    await picture(page, name);
  }

  await page.goto(`${centre.address}/?incident=${shouting.id}`);
  const video = page.locator('video[aria-label="Đoạn hình và tiếng của sự việc"]');
  await expect(video).toBeVisible();
  await expect.poll(() => video.evaluate((one: HTMLVideoElement) => one.currentTime)).toBeGreaterThan(12);
  await page.waitForTimeout(1500);
  await picture(page, 'incidents.jpg');

  await page.goto(`${centre.address}/wall`);
  await page.waitForTimeout(6000);
  await picture(page, 'wall.jpg');

  const together = cameras.map(({ id }) => `camera=${id}`).join('&');
  await page.goto(`${centre.address}/recordings?${together}&at=${encodeURIComponent(iso(Date.parse(shouting.started_at) - 3000))}`);
  await page.waitForTimeout(7000);
  await picture(page, 'recordings.jpg');

  const board = await signInAs(browser, province.visitor, desk);
  await board.goto(`${province.address}/?incident=${shouting.id}`);
  await expect(board.getByText('Đã kiểm tra chữ ký: nguyên vẹn')).toBeVisible({ timeout: 60_000 });
  await board.waitForTimeout(3000);
  await picture(board, 'board.jpg');

  const phone = await signInAs(browser, hoa, { ...desk, viewport: { width: 390, height: 844 } });
  await phone.goto(centre.address);
  await expect(row(phone, fainted)).toBeVisible();
  await phone.waitForTimeout(1500);
  await picture(phone, 'phone.jpg');
});

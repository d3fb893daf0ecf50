// What leaves the centre can be checked by whoever gets it: the package of an incident, and the journal.
import { expect, test } from '@playwright/test';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Centre, iso } from './support/centre';
import { incidentOf } from './support/incidents';
import { signIn } from './support/people';
import { program, run } from './support/process';

let centre: Centre;

/** A time of day as people at the centre type it. */
const clockOf = (moment: number) => new Date(moment).toLocaleTimeString('en-GB', { timeZone: 'Asia/Ho_Chi_Minh' });

test.afterEach(async () => {
  await centre?.end();
});

test('an incident is handed over as a package that anybody can check, and so is the journal', async ({ page }) => {
  centre = await Centre.start([{ id: 'counter-1' }]);
  await centre.recording('counter-1', 8);
  await centre.ask('/api/incidents', 'POST', { camera: 'counter-1', note: 'Lấy nhầm giấy tờ', before: '5s' });
  const { id, flagged_at } = await incidentOf(centre, 'manual', (one) => one.evidence.clip);
  // A whole second within the range that is neither its beginning nor flagged: those have a still anyway.
  const asked = Math.floor(Date.parse(flagged_at) / 1000 - 2) * 1000;
  await signIn(page, centre);
  await page.goto(`${centre.address}/?incident=${id}`);
  await page.getByRole('button', { name: 'Xuất gói bằng chứng' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('checkbox', { name: 'Quầy 1' })).toBeChecked();
  await dialog.getByRole('checkbox', { name: 'Tiếng riêng thành tệp WAV' }).check();
  await dialog.getByRole('checkbox', { name: 'Tệp gốc của máy ghi' }).check();
  await dialog.getByRole('checkbox', { name: 'Thông tin nguồn gốc C2PA' }).check();
  const field = dialog.getByLabel('Giờ lấy ảnh');
  // What is outside of the range is told, and not added.
  await field.fill(clockOf(asked - 3_600_000));
  await dialog.getByRole('button', { name: 'Thêm', exact: true }).click();
  await expect(dialog.getByRole('alert')).toContainText('nằm ngoài đoạn cần xuất');
  await field.fill(clockOf(asked));
  await dialog.getByRole('button', { name: 'Thêm', exact: true }).click();
  await expect(dialog.getByRole('button', { name: `Bỏ ảnh lúc ${clockOf(asked)}` })).toBeVisible();
  await expect(field).toHaveValue('');
  await dialog.getByLabel('Lý do').fill('Công an xã yêu cầu, công văn số 12');
  await dialog.getByRole('button', { name: 'Xuất', exact: true }).click();
  await page.getByRole('link', { name: 'Mở trang Xuất bản ghi' }).click();
  await expect(page.getByText('Công an xã yêu cầu, công văn số 12')).toBeVisible();
  const extras = 'có tệp tiếng WAV, có tệp gốc, có thông tin nguồn gốc C2PA, thêm ảnh ở 1 thời điểm';
  await expect(page.getByText(extras)).toBeVisible();
  const link = page.getByRole('link', { name: 'Tải gói về (ZIP)' });
  await expect(link).toBeVisible({ timeout: 60_000 });
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
  const zip = join(centre.folder, 'package.zip');
  await download.saveAs(zip);
  const folder = join(centre.folder, 'package');
  mkdirSync(folder);
  execFileSync('/usr/bin/python3', ['-m', 'zipfile', '-e', zip, folder]);
  const key = join(centre.storage, 'keys/evidence.pub.pem');
  const { code, said } = await run(program, ['verify', inside(folder), '--trust', key]);
  expect(code, said).toBe(0);
  expect(said).toContain('công văn số 12');
  const files = packed(inside(folder));
  const films = files.filter((file) => !file.kind);
  expect(films.length).toBeGreaterThan(0);
  for (const film of films) expect(film.c2pa, film.name).toBe(true);
  const stills = files.filter((file) => file.kind === 'still').map((file) => Date.parse(file.from));
  expect(stills).toContain(asked);
  // It opens on an office PC, without our program and without a network.
  await page.goto(`file://${inside(folder)}/index.html`);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Gói bằng chứng');
  await expect(page.getByText('Công an xã yêu cầu, công văn số 12')).toBeVisible();
  const shows = page.locator('video').evaluate(async (video: HTMLVideoElement) => {
    video.muted = true;
    await video.play();
    return video.videoWidth;
  });
  expect(await shows).toBeGreaterThan(0);
  // Its stills are seen, and the incident is there with its clip.
  const still = page.locator('.stills img').first();
  await still.scrollIntoViewIfNeeded();
  await expect.poll(() => still.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  await expect(page.getByText('đánh dấu thủ công')).toBeVisible();
  await expect(page.getByRole('link', { name: 'đoạn phim / clip' })).toHaveAttribute('href', `incidents/${id}/clip.mp4`);
  await expect(page.getByText('Quầy 1').first()).toBeVisible();
  await page.screenshot({ path: 'test-results/package.png', fullPage: true });
  // One byte that is another, and it is no evidence any more.
  const film = join(inside(folder), readdirSync(inside(folder)).find((name) => name.endsWith('.mp4'))!);
  const bytes = readFileSync(film);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(film, bytes);
  expect((await run(program, ['verify', inside(folder), '--trust', key])).code).not.toBe(0);

  // A stretch of the recordings as an ordinary video: somebody has to say why.
  const { from } = (await centre.recorded('counter-1', Date.now() - 3_600_000)).spans[0]!;
  await page.goto(`${centre.address}/recordings?camera=counter-1&at=${encodeURIComponent(iso(from + 1000))}`);
  const position = () => page.evaluate(() => window.__quaywatch?.player('counter-1')?.position ?? 0);
  await expect.poll(position, { timeout: 20_000 }).toBeGreaterThan(from + 1500);
  await page.keyboard.press('i');
  await expect.poll(position, { timeout: 20_000 }).toBeGreaterThan(from + 4000);
  await page.keyboard.press('o');
  await page.getByRole('button', { name: 'Tải đoạn này về (MP4)' }).click();
  await dialog.getByLabel('Lý do').fill('Công dân xin xem lại');
  const [video] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: 'Tải Quầy 1 (MP4)' }).click()]);
  expect(video.suggestedFilename()).toMatch(/^counter-1 .*\.mp4$/);
  expect(statSync(await video.path()).size).toBeGreaterThan(10_000);

  await page.goto(`${centre.address}/audit`);
  await expect(page.getByText('Quản trị viên đã tải hình của Quầy 1')).toContainText('Lý do: Công dân xin xem lại');
  await expect(page.getByText('Quản trị viên bắt đầu xuất Quầy 1').first()).toContainText('công văn số 12');
  const [log] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Tải nhật ký về' }).click(),
  ]);
  const path = join(centre.folder, 'log.jsonl');
  await log.saveAs(path);
  const checked = await run(program, ['verify', path]);
  expect(checked.code, checked.said).toBe(0);
  const text = readFileSync(path, 'utf8');
  expect(text).toContain('"export-downloaded"');
  writeFileSync(path, text.replace('"export-downloaded"', '"export-begun"'));
  expect((await run(program, ['verify', path])).code).not.toBe(0);
});

/** What tests ask of a file with footage; a film says neither its kind nor that it has no content credentials. */
interface Packed {
  name: string;
  kind?: string;
  from: string;
  c2pa?: boolean;
}

/** The files with footage, as the signed manifest of a package names them. */
function packed(folder: string): Packed[] {
  const { payload } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as { payload: string };
  return (JSON.parse(Buffer.from(payload, 'base64').toString()) as { files: Packed[] }).files;
}

/** The folder that the files of a package are in: some packages have one of their own. */
function inside(folder: string): string {
  const names = readdirSync(folder);
  return names.includes('manifest.json') ? folder : join(folder, names[0]!);
}

// Both ends of the link: what happens at a centre is on the province's board at once, and what each side does the other sees.
import { expect, test } from '@playwright/test';
import { Centre } from './support/centre';
import { loudRule } from './support/config';
import { history, incidentOf, row } from './support/incidents';
import { signIn, signInAs } from './support/people';
import { Province } from './support/province';
import { prepare, seen, watchVideo } from './support/watching';

let province: Province;
let centre: Centre;

test.afterEach(async () => {
  await centre?.end();
  await province?.end();
});

test('an incident comes to the board with its clip, and both ends see what the other does', async ({ page, browser }) => {
  province = await Province.start();
  centre = await Centre.start([{ id: 'counter-1' }], { rules: `${loudRule}severity = "urgent"\n`, link: province.link });
  await centre.recording('counter-1', 10);
  await prepare(page);
  await signIn(page, province);
  await page.goto(province.address);
  const standing = page.getByRole('button', { name: /Xã Xuân Lũng/ });
  await expect(standing).toContainText('bình thường', { timeout: 30_000 });
  await expect(page.getByRole('button', { name: /Xã Phùng Nguyên/ })).toContainText('mất liên lạc');

  centre.cameras.shout('counter-1');
  const flagged = await incidentOf(centre, 'raised-voices', () => true, 20);
  await expect(row(page, flagged)).toContainText('To tiếng', { timeout: 5000 });
  await expect(page.getByRole('heading', { name: 'Cần tỉnh xem ngay (1)' })).toBeVisible();
  await row(page, flagged).click();
  await expect(page.getByText('Đã kiểm tra chữ ký: nguyên vẹn')).toBeVisible({ timeout: 60_000 });

  // The clip plays from before it begins, with the sound that may leave the centre.
  const clip = 'video[aria-label="Đoạn hình và tiếng của sự việc"]';
  await expect(page.locator(clip)).toBeVisible({ timeout: 60_000 });
  await watchVideo(page, clip, 'clip');
  const started = Date.parse(flagged.started_at);
  const { shown, soundBytes } = await seen(page, 'clip', 'the moment itself', ({ shown }) =>
    shown.some((one) => one.sent > started + 1000),
  );
  expect(shown[0]!.sent).toBeLessThan(started - 2600);
  expect(shown[0]!.sent).toBeGreaterThan(started - 3400);
  expect(soundBytes).toBeGreaterThan(5000);

  // What the province does is at the centre's page that is open there.
  const theirs = await signInAs(browser, centre.visitor);
  await theirs.goto(`${centre.address}/?incident=${flagged.id}`);
  await expect(theirs.getByRole('heading', { level: 2, name: 'To tiếng ở Quầy 1' })).toBeVisible();
  await page.getByRole('button', { name: 'Đã nhận tin' }).click();
  await expect(history(theirs)).toContainText('đã nhận tin', { timeout: 10_000 });
  await expect(page.getByText('đã nhận tin', { exact: false }).first()).toBeVisible();
  await page.getByLabel('Viết ghi chú').fill('Tỉnh đã gọi công an xã.');
  await page.getByRole('button', { name: 'Ghi', exact: true }).click();
  await expect(history(theirs)).toContainText('Tỉnh đã gọi công an xã.', { timeout: 10_000 });
  await expect(history(theirs).getByText('tỉnh', { exact: true }).first()).toBeVisible();
  await expect(history(page)).toContainText('trung tâm đã nhận', { timeout: 10_000 });

  // What the centre does is on the board.
  await theirs.getByRole('button', { name: 'Tôi xử lý' }).click();
  await expect(history(page)).toContainText('nhận xử lý', { timeout: 10_000 });
  await theirs.getByRole('button', { name: 'Đóng sự việc…' }).click();
  await theirs.getByRole('dialog').getByText('Có thật').click();
  await theirs.getByRole('dialog').getByRole('button', { name: 'Đóng sự việc' }).click();
  await expect(history(page)).toContainText('đóng sự việc: Có thật', { timeout: 10_000 });
  await theirs.context().close();

  // A centre that goes is told as gone.
  await centre.stop();
  await expect(standing).toContainText('mất liên lạc', { timeout: 10_000 });
  await centre.start();
  await expect(standing).toContainText('bình thường', { timeout: 30_000 });

  // Every document that the centre signed is known here, each behind the one before it.
  await standing.click();
  await expect(page.getByText(/Hồ sơ đã ký liền mạch: [2-9]/)).toBeVisible({ timeout: 30_000 });
});

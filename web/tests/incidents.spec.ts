// What happens in a hall is on the page at once, is seen and heard, and what people do about it stays.
import { expect, test } from '@playwright/test';
import { Centre } from './support/centre';
import { loudRule } from './support/config';
import { history, incidentOf, row } from './support/incidents';
import { addPerson, signIn, signInAs } from './support/people';
import { apart, prepare, seen, watch, watchVideo } from './support/watching';

let centre: Centre;

test.afterEach(async () => {
  await centre?.end();
});

test('somebody shouts: it is on the page by itself, its clip is seen and heard, it is taken and closed @short', async ({ page }) => {
  centre = await Centre.start([{ id: 'counter-1' }, { id: 'counter-2', audio: 'none' }], { rules: loudRule });
  await centre.recording('counter-1', 10);
  await prepare(page);
  await signIn(page, centre);
  await page.goto(centre.address);
  await expect(page.getByText('Không có việc gì chưa xong.')).toBeVisible();
  await expect(page).toHaveTitle('Sự việc – quaywatch');

  centre.cameras.shout('counter-1');
  const flagged = await incidentOf(centre, 'raised-voices', () => true, 20);
  await expect(row(page, flagged)).toContainText('To tiếng ở Quầy 1', { timeout: 3000 });
  await expect(page.getByRole('navigation').getByLabel('1 sự việc mới')).toBeVisible();
  await expect(page).toHaveTitle('(1) Sự việc – quaywatch');

  // Whoever opens it has seen it; until there is a clip the recordings of that moment are shown.
  await row(page, flagged).click();
  await expect(page.getByRole('heading', { level: 2, name: 'To tiếng ở Quầy 1' })).toBeVisible();
  await expect(history(page)).toContainText('đã xem');
  await expect(page).toHaveTitle('Sự việc – quaywatch');

  const clip = 'video[aria-label="Đoạn hình và tiếng của sự việc"]';
  await expect(page.locator(clip)).toBeVisible({ timeout: 60_000 });
  await watchVideo(page, clip, 'clip');
  const started = Date.parse(flagged.started_at);
  const { shown, soundBytes } = await seen(page, 'clip', 'the moment itself', ({ shown }) =>
    shown.some((one) => one.sent > started + 1000),
  );
  // One sees it begin, and hears it.
  // It is watched from a moment after it began to play.
  expect(shown[0]!.sent).toBeLessThan(started - 1500);
  expect(shown[0]!.sent).toBeGreaterThan(started - 3400);
  expect(soundBytes).toBeGreaterThan(5000);
  expect(await page.locator(clip).evaluate((video: HTMLVideoElement) => video.muted)).toBe(false);

  // Beside it the other camera plays the same moment, without sound.
  await watch(page, 'along/counter-2');
  await seen(page, 'along/counter-2', 'the other camera', ({ shown }) => shown.length > 10);
  await page.locator(clip).evaluate((video: HTMLVideoElement) => {
    video.currentTime = 6;
    void video.play();
  });
  await expect.poll(() => apart(page, ['clip', 'along/counter-2']), { timeout: 15_000 }).toBeLessThan(450);
  await expect(page.locator('[data-along="counter-2"]').getByText('Quầy 2')).toBeVisible();
  await page.screenshot({ path: 'test-results/incident-along.png' });

  await page.getByRole('button', { name: 'Tôi xử lý' }).click();
  await expect(history(page)).toContainText('nhận xử lý');
  await page.getByRole('button', { name: 'Đóng sự việc…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Có thật').click();
  await dialog.getByLabel('Ghi chú').fill('Hai người cãi nhau, đã mời ra ngoài.');
  await dialog.getByRole('button', { name: 'Đóng sự việc' }).click();
  await expect(history(page)).toContainText('đóng sự việc: Có thật');
  await expect(history(page)).toContainText('Hai người cãi nhau');
  // It stays so, at its address.
  await page.reload();
  await expect(history(page)).toContainText('đóng sự việc: Có thật');
  await expect(history(page).getByRole('listitem')).toHaveCount(3);
  await expect(page.getByRole('button', { name: 'Mở lại' })).toBeVisible();
});

test('two people have it open: what one does the other sees, and who comes too late is told', async ({ page, browser }) => {
  centre = await Centre.start([{ id: 'counter-1' }]);
  await centre.recording('counter-1', 3);
  const hers = await addPerson(centre, { name: 'hoa', full_name: 'Lê Thị Hoa', role: 'staff' });
  const { id } = await centre.ask<{ id: string }>('/api/incidents', 'POST', { camera: 'counter-1', note: 'Có người ngất' });
  const open = `${centre.address}/?incident=${id}`;
  await signIn(page, centre);
  await page.goto(open);
  const other = await signInAs(browser, hers);
  await other.goto(open);
  await expect(other.getByRole('heading', { level: 2, name: 'Có người ngất' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Tôi xử lý' })).toBeVisible();

  await other.getByRole('button', { name: 'Tôi xử lý' }).click();
  await expect(page.getByText('người xử lý: Lê Thị Hoa')).toBeVisible({ timeout: 3000 });
  await expect(row(page, { id })).toContainText('Lê Thị Hoa');

  // What he sees is old: the line to him is slow.
  await page.route('**/api/incidents/*', (route) => new Promise((wait) => setTimeout(() => wait(route.continue()), 1500)));
  await other.getByRole('button', { name: 'Đóng sự việc…' }).click();
  await other.getByRole('dialog').getByText('Báo nhầm').click();
  await other.getByRole('dialog').getByRole('button', { name: 'Đóng sự việc' }).click();
  await expect(history(other)).toContainText('đóng sự việc: Báo nhầm');
  await page.getByRole('button', { name: 'Tôi xử lý' }).click();
  await expect(page.getByRole('alert')).toContainText('Có người vừa làm trước bạn: Lê Thị Hoa đóng sự việc: Báo nhầm');
  await expect(page.getByRole('button', { name: 'Mở lại' })).toBeVisible();
  await other.context().close();
});

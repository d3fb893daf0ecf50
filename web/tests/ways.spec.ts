// The pages with a phone in the hand, and with the keyboard alone.
import { expect, test, type Page } from '@playwright/test';
import { Centre } from './support/centre';
import { history, incidentOf, row, type Told } from './support/incidents';
import { admin, signIn } from './support/people';

let centre: Centre;
let first: Told;
let second: Told;

test.beforeEach(async () => {
  centre = await Centre.start([{ id: 'counter-1' }, { id: 'counter-2', audio: 'none' }]);
  await Promise.all(['counter-1', 'counter-2'].map((id) => centre.recording(id, 4)));
  for (const camera of ['counter-1', 'counter-2'])
    await centre.ask('/api/incidents', 'POST', { camera, note: `Chen lấn trước ${camera}`, before: '3s' });
  first = await incidentOf(centre, 'manual', (one) => one.camera === 'counter-2');
  second = await incidentOf(centre, 'manual', (one) => one.camera === 'counter-1');
});

test.afterEach(async () => {
  await centre?.end();
});

/** How far the page can be pushed to the side. */
const beyond = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

test('on a phone one goes from the list to an incident, closes it, and comes back @short', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await signIn(page, centre);
  await page.goto(centre.address);
  await expect(row(page, first)).toBeInViewport();
  expect(await beyond(page)).toBeLessThanOrEqual(0);
  await row(page, first).click();
  await expect(page.getByRole('heading', { level: 2, name: 'Chen lấn trước counter-2' })).toBeInViewport();
  await expect(row(page, first)).toBeHidden();
  expect(await beyond(page)).toBeLessThanOrEqual(0);
  await page.getByRole('button', { name: 'Đóng sự việc…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Báo nhầm').click();
  await dialog.getByRole('button', { name: 'Đóng sự việc' }).click();
  await expect(history(page)).toContainText('đóng sự việc: Báo nhầm');
  await page.getByRole('button', { name: 'Danh sách' }).click();
  await expect(row(page, second)).toBeInViewport();
  await expect(row(page, first)).toHaveCount(0);
  // The way to the other pages is under the thumb, large enough for it.
  const nav = page.getByRole('navigation');
  for (const link of await nav.getByRole('link').all()) {
    if (!(await link.isVisible())) continue;
    await expect(link).toBeInViewport({ ratio: 1 });
    expect((await link.boundingBox())!.height).toBeGreaterThanOrEqual(40);
  }
  await nav.getByRole('link', { name: 'Trực tiếp' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Trực tiếp' })).toBeVisible();
  expect(await beyond(page)).toBeLessThanOrEqual(0);
});

/** Where the keyboard is: it must be somewhere, and be seen there. */
async function focused(page: Page): Promise<string> {
  const at = await page.evaluate(() => {
    const element = document.activeElement as HTMLElement | null;
    if (!element || element === document.body) return null;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const isSeen = element.matches(':focus-visible') && outlineStyle !== 'none' && parseFloat(outlineWidth) > 0;
    const name = element.dataset['incident'] ?? element.id ?? '';
    return { name: name || element.textContent!.trim() || element.getAttribute('aria-label') || element.tagName, isSeen };
  });
  expect(at, 'the keyboard is nowhere').not.toBeNull();
  expect(at!.isSeen, `${at!.name} does not show that it has the keyboard`).toBe(true);
  return at!.name;
}

test('everything is done with the keyboard alone, and one always sees where one is', async ({ page }) => {
  const { keyboard } = page;
  await page.goto(centre.address);
  await expect(page.getByRole('heading', { name: 'quaywatch' })).toBeVisible();
  await keyboard.press('Tab');
  expect(await focused(page)).toBe('sign-in-name');
  await keyboard.type(admin.name);
  await keyboard.press('Tab');
  await keyboard.type(admin.password);
  await keyboard.press('Enter');
  await expect(row(page, first)).toBeVisible();

  // Along the list and back, and one is opened.
  await keyboard.press('j');
  expect(await focused(page)).toBe(first.id);
  await keyboard.press('j');
  expect(await focused(page)).toBe(second.id);
  await keyboard.press('k');
  expect(await focused(page)).toBe(first.id);
  await keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 2, name: 'Chen lấn trước counter-2' })).toBeVisible();
  expect(await focused(page)).toBe(first.id);

  // The clip stops and goes on with the space bar.
  const clip = page.locator('video[aria-label="Đoạn hình và tiếng của sự việc"]');
  await expect(clip).toBeVisible({ timeout: 60_000 });
  const isPaused = () => clip.evaluate((video: HTMLVideoElement) => video.paused);
  await expect.poll(isPaused).toBe(false);
  await keyboard.press('Space');
  await expect.poll(isPaused).toBe(true);
  await keyboard.press('Space');
  await expect.poll(isPaused).toBe(false);

  await keyboard.press('m');
  await expect(history(page)).toContainText('nhận xử lý');
  await expect.poll(() => focused(page)).toBe(first.id);
  await keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Phím tắt' })).toBeVisible();
  await focused(page);
  await keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  expect(await focused(page)).toBe(first.id);

  // Closed in the dialog; what has the keyboard in the list goes away with it.
  await keyboard.press('c');
  const dialog = page.getByRole('dialog', { name: 'Đóng sự việc' });
  await expect(dialog).toBeVisible();
  await focused(page);
  await keyboard.press('Space');
  await keyboard.press('ArrowDown');
  await expect(dialog.getByRole('radio', { name: 'Báo nhầm' })).toBeChecked();
  await keyboard.press('Tab');
  await keyboard.type('Người nhà đến đón.');
  await keyboard.press('Tab');
  await keyboard.press('Tab');
  expect(await focused(page)).toBe('Đóng sự việc');
  await keyboard.press('Enter');
  await expect(history(page)).toContainText('đóng sự việc: Báo nhầm');
  await expect(dialog).toHaveCount(0);
  await expect(row(page, first)).toHaveCount(0);
  await expect.poll(() => page.evaluate(() => document.activeElement !== document.body)).toBe(true);
  await focused(page);
  await keyboard.press('Escape');
  await expect(page).toHaveURL(`${centre.address}/`);
  await focused(page);
  await keyboard.press('j');
  expect(await focused(page)).toBe(second.id);
});

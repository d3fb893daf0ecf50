// Several cameras looked back at together: at the same moment all the time, through gaps and leaps.
import { expect, test } from '@playwright/test';
import { Centre, iso, until } from './support/centre';
import { signIn } from './support/people';
import { apart, prepare, seen, watch, watched } from './support/watching';

let centre: Centre;

test.afterEach(async () => {
  await centre?.end();
});

const ids = ['counter-1', 'counter-2', 'counter-3'];

/** The time of day as people type it. */
const clockOf = (moment: number) => new Date(moment).toLocaleTimeString('en-GB', { timeZone: 'Asia/Ho_Chi_Minh' });

test('three cameras show the same moment, and a camera that was away joins again behind its gap', async ({ page }) => {
  centre = await Centre.start(ids.map((id) => ({ id, sub: true, size: [320, 192], kbps: 150, audio: 'none' })));
  await Promise.all(ids.map((id) => centre.recording(id, 8, undefined, 'sub')));
  for (const stream of ['main', 'sub']) centre.control({ do: 'away', mount: `/counter-2/${stream}`, for_s: 6 });
  const gap = await until('counter-2 to come back', 60, async () => {
    const { spans, gaps } = await centre.recorded('counter-2', Date.now() - 3_600_000, 'sub');
    const last = spans[1];
    return last && last.to - last.from > 12_000 ? gaps.find((one) => one.reason === 'camera-away') : null;
  });
  await prepare(page);
  await signIn(page, centre);
  const query = ids.map((id) => `camera=${id}`).join('&');
  await page.goto(`${centre.address}/recordings?${query}&at=${encodeURIComponent(iso(gap.from - 5000))}`);
  for (const id of ids) await watch(page, id);
  for (const id of ids) await seen(page, id, 'a picture', ({ shown }) => shown.length > 5);
  await expect.poll(() => apart(page, ids), { timeout: 15_000 }).toBeLessThan(450);
  // In its gap it says so, and the others go on.
  await expect(page.locator('[data-camera="counter-2"]').getByText('Không có hình')).toBeVisible({ timeout: 20_000 });
  await page.screenshot({ path: 'test-results/instep.png' });
  await seen(page, 'counter-1', 'pictures in the gap of the other', ({ shown }) => shown.at(-1)!.sent > gap.from + 2500);
  // Behind it all are together again.
  await seen(page, 'counter-2', 'pictures behind its gap', ({ shown }) => shown.at(-1)!.sent > gap.to + 2000, 40);
  await expect.poll(() => apart(page, ids), { timeout: 15_000 }).toBeLessThan(450);
  // A leap takes all along: into the time before the gap, where all have pictures.
  await page.keyboard.press('Space');
  const field = page.getByLabel('Giờ', { exact: true });
  await field.fill(clockOf(gap.from - 6000));
  await field.press('Enter');
  await until('all to be back before the gap', 30, async () => {
    const all = await Promise.all(ids.map(async (id) => (await watched(page, id)).shown.at(-1)!.sent));
    return all.every((sent) => sent < gap.from) && (await apart(page, ids)) < 450;
  });
});

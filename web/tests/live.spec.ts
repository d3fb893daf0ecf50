// What happens now: how late it is, and a wall of eight cameras in two tabs over six connections.
import { expect, test } from '@playwright/test';
import { Centre, until } from './support/centre';
import { signIn } from './support/people';
import { listen, pauses, prepare, seen, watch, watched } from './support/watching';

let centre: Centre;

test.afterEach(async () => {
  await centre?.end();
});

test('live is shown with sound, a moment behind, and stays so', async ({ page }) => {
  centre = await Centre.start([{ id: 'counter-1', gopSeconds: 2 }]);
  await centre.recording('counter-1', 3);
  await prepare(page);
  await signIn(page, centre);
  await page.goto(`${centre.address}/recordings?camera=counter-1`);
  await watch(page, 'counter-1');
  await listen(page, 'counter-1');
  await seen(page, 'counter-1', 'twenty seconds of pictures', ({ shown }) => shown.length > 150, 60);
  const { shown, soundBytes, loudest } = await watched(page, 'counter-1');
  const late = shown.slice(50).map((one) => one.at - one.sent);
  late.sort((a, b) => a - b);
  expect(late[Math.floor(late.length * 0.95)]).toBeLessThan(4000);
  expect(pauses(shown.slice(50), 4000)).toEqual([]);
  expect(soundBytes).toBeGreaterThan(5000);
  expect(loudest).toBeGreaterThan(0.001);
  await page.screenshot({ path: 'test-results/live.png' });
  // A camera that goes away is told with its state, and comes back by itself.
  centre.control({ do: 'away', mount: '/counter-1/main', for_s: 5 });
  await expect(page.getByText('từ', { exact: false }).first()).toBeVisible({ timeout: 30_000 });
  const before = (await watched(page, 'counter-1')).shown.length;
  await seen(page, 'counter-1', 'the camera to be back', ({ shown }) => shown.length > before + 30, 40);
});

test('eight cameras and an event stream run in two tabs at once over HTTP/1.1', async ({ page, context }) => {
  const ids = Array.from({ length: 8 }, (_, n) => `counter-${n + 1}`);
  centre = await Centre.start(ids.map((id) => ({ id, sub: true, size: [320, 192], fps: 5, kbps: 100, audio: 'none' })));
  await until('all to be recorded', 60, async () => {
    const all = await Promise.all(ids.map((id) => centre.recorded(id, Date.now() - 60_000, 'sub')));
    return all.every(({ spans }) => spans.length > 0);
  });
  const other = await context.newPage();
  await signIn(page, centre);
  for (const tab of [page, other]) {
    await prepare(tab);
    await tab.goto(`${centre.address}/wall`);
    for (const id of ids) await watch(tab, id);
  }
  for (const tab of [page, other]) {
    // A tab that is not in front may rest.
    await tab.bringToFront();
    for (const id of ids) {
      const before = (await watched(tab, id)).shown.length;
      await seen(tab, id, 'pictures that go on', ({ shown }) => shown.length > before + 10);
    }
  }
  await page.screenshot({ path: 'test-results/wall.png' });
  // And there is a connection left to ask with.
  const took = await other.evaluate(async () => {
    const begun = performance.now();
    await (await fetch('/api/cameras')).json();
    return performance.now() - begun;
  });
  expect(took).toBeLessThan(5000);
});

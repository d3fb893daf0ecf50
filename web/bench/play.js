// Measures seeks and live delay in Chromium for tests/bench/play.py: one argument of JSON, one line of JSON back.
import { chromium } from '@playwright/test';

const order = JSON.parse(process.argv[2]);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--disable-background-networking'],
});
const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
const [cookie, value] = order.cookie.split('=');
await context.addCookies([{ name: cookie, value, url: order.address, httpOnly: true, sameSite: 'Strict' }]);
const figures = { seek_to_picture: await seeks(), live_start: [] };
for (const [camera, name] of Object.entries(order.live)) figures[name] = await live(camera, name);
await browser.close();
console.log(JSON.stringify(figures));

/** From the wish for a moment to its picture on the screen, in milliseconds; each far from the one before. */
async function seeks() {
  const page = await opened(`?camera=${order.camera}&at=${new Date(order.seeks[0]).toISOString()}`, order.camera);
  await page.waitForFunction((id) => window.__quaywatch.player(id).hasPicture, order.camera);
  const took = [];
  for (const moment of order.seeks) {
    await page.waitForTimeout(700);
    took.push(
      await page.evaluate(
        ([id, at]) =>
          new Promise((resolve, reject) => {
            const player = window.__quaywatch.player(id);
            const begun = performance.now();
            const timer = setTimeout(() => reject(new Error(`no picture of ${new Date(at).toISOString()}`)), 15_000);
            const look = (_, frame) => {
              // What is on the screen belongs to the moment, not to where it was before.
              if (Math.abs(player.position - at) < 500 && !player.video.seeking) {
                clearTimeout(timer);
                resolve(frame.expectedDisplayTime - begun);
              } else player.video.requestVideoFrameCallback(look);
            };
            player.seek(at);
            player.video.requestVideoFrameCallback(look);
          }),
        [order.camera, moment],
      ),
    );
  }
  await page.close();
  return took;
}

/** How late each picture is on the screen, by the camera's own stamp; and how long the first one took. */
async function live(camera, name) {
  const page = await opened(`?camera=${camera}`, camera);
  const begun = Date.now();
  await page.waitForFunction((id) => window.__quaywatch.player(id).hasPicture, camera);
  if (name === 'live_delay') figures.live_start.push(Date.now() - begun);
  // Start-up is counted apart: the delay is that of a picture that has settled.
  await page.waitForTimeout(10_000);
  const late = await page.evaluate(
    ([id, seconds]) =>
      new Promise((resolve) => {
        const video = window.__quaywatch.player(id).video;
        const canvas = new OffscreenCanvas(16, 32);
        const pen = canvas.getContext('2d', { willReadFrequently: true });
        const found = [];
        const end = performance.now() + seconds * 1000;
        const look = (_, frame) => {
          canvas.width = video.videoWidth;
          pen.drawImage(video, 0, 0, video.videoWidth, video.videoHeight);
          const sent = sentAt(pen.getImageData(0, 0, canvas.width, 32));
          if (sent !== null) found.push(performance.timeOrigin + frame.expectedDisplayTime - sent);
          if (performance.now() < end) video.requestVideoFrameCallback(look);
          else resolve(found);
        };
        video.requestVideoFrameCallback(look);
        // The stamp of deploy/sim/stamp.py: 96 bits in two rows of 48 blocks; bits 40 to 87 are the time.
        function sentAt({ width, data }) {
          const bit = (n) => {
            const x = Math.floor((((n % 48) + 0.5) * width) / 48);
            const at = ((n < 48 ? 8 : 24) * width + x) * 4;
            return data[at] > 127 ? 1 : 0;
          };
          let sync = 0;
          for (let n = 0; n < 8; n++) sync = sync * 2 + bit(n);
          if (sync !== 0b10101100) return null;
          let time = 0;
          for (let n = 40; n < 88; n++) time = time * 2 + bit(n);
          return time;
        }
      }),
    [camera, order.seconds],
  );
  await page.close();
  return late;
}

async function opened(query, camera) {
  const page = await context.newPage();
  await page.goto(`${order.address}/recordings${query}`);
  await page.waitForFunction((id) => window.__quaywatch?.player(id)?.video, camera);
  return page;
}

// Measures the first page in Chromium for tests/bench/web.py: one argument of JSON, one line of JSON back.
import { chromium } from '@playwright/test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const order = JSON.parse(process.argv[2]);
const isPicture = (url) => /\/(still|thumb|clip)\.(jpg|mp4)/.test(url);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-background-networking'],
});
const { first, carried } = await counted();
const pictures = carried.filter(({ url }) => isPicture(url));
const transfer_bytes = total(carried) - total(pictures);
await writePlainPage(pictures.map(({ url }) => url));
const figures = { first_page_ms: [], static_page_ms: [], flag_to_screen_ms: [], transfer_bytes };
figures.stills = pictures.length;
figures.stills_bytes = total(pictures);
figures.stills_in_view = first.stills;
for (let n = 0; n < order.loads; n++) {
  figures.first_page_ms.push(await loaded(`${order.address}/`));
  figures.static_page_ms.push(await loaded(`${order.static.address}/`));
}
figures.flag_to_screen_ms = await flags();
await browser.close();
console.log(JSON.stringify(figures));

function total(requests) {
  return requests.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** A page of a browser that knows nothing but its session. */
async function newcomer() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const [cookie, value] = order.headers.Cookie.split('=');
  await context.addCookies([{ name: cookie, value, url: order.address, httpOnly: true, sameSite: 'Strict' }]);
  const page = await context.newPage();
  await page.addInitScript(watch, order.rows);
  return { context, page };
}

/** In the page: when all rows are there and all stills in view are on the screen; and since when each row is. */
function watch(least) {
  const inView = (element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  };
  // What a frame has changed is on the screen when the next one begins.
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  window.__shown = new Promise((resolve) => {
    const look = async () => {
      const rows = document.querySelectorAll('[data-incident]');
      const stills = [...document.querySelectorAll('[data-incident] img')].filter(inView);
      if (rows.length >= least && stills.length > 0 && stills.every((image) => image.complete && image.naturalWidth > 0)) {
        await Promise.all(stills.map((image) => image.decode()));
        await frame();
        resolve({ ms: performance.now(), stills: stills.length });
      } else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  window.__rows = {};
  new MutationObserver(() => {
    for (const row of document.querySelectorAll('[data-incident]')) {
      const id = row.dataset.incident;
      if (id in window.__rows || !inView(row)) continue;
      window.__rows[id] = null;
      void frame().then(() => (window.__rows[id] = Date.now()));
    }
  }).observe(document, { childList: true, subtree: true });
}

async function shown(page, address) {
  await page.goto(address, { waitUntil: 'commit' });
  const late = new Promise((_, fail) => {
    setTimeout(() => fail(new Error(`${address} is not shown within 30 s`)), 30_000).unref();
  });
  return Promise.race([page.evaluate(() => window.__shown), late]);
}

/** One load that is not timed: what the network carried for each request, headers included. */
async function counted() {
  const { context, page } = await newcomer();
  const network = await context.newCDPSession(page);
  await network.send('Network.enable');
  const requests = new Map();
  const add = (id, bytes) => requests.has(id) && (requests.get(id).bytes += bytes);
  network.on('Network.requestWillBeSent', ({ requestId, request: { url } }) => requests.set(requestId, { url, bytes: 0 }));
  network.on('Network.responseReceived', ({ requestId, response }) => add(requestId, response.encodedDataLength));
  network.on('Network.dataReceived', ({ requestId, encodedDataLength }) => add(requestId, encodedDataLength));
  // The whole, now that it is known; what never ends, as the stream of events, has been added up.
  network.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (requests.has(requestId)) requests.get(requestId).bytes = encodedDataLength;
  });
  const first = await shown(page, `${order.address}/`);
  await page.waitForTimeout(2000);
  await context.close();
  return { first, carried: [...requests.values()].filter(({ url }) => url.startsWith(order.address)) };
}

/** A page without a program: as many rows and bytes, and the same stills, as many of them in view. */
async function writePlainPage(urls) {
  const rows = [];
  const height = Math.floor(900 / first.stills);
  for (let n = 0; n < order.rows; n++) {
    let image = '';
    if (urls[n]) {
      const answer = await fetch(urls[n], { headers: order.headers });
      writeFileSync(join(order.static.folder, `${n}.jpg`), Buffer.from(await answer.arrayBuffer()));
      image = `<img src="${n}.jpg" width="99" height="62" alt="">`;
    }
    rows.push(`<li data-incident="${n}" style="height: ${height}px">${image} Incident ${n}</li>`);
  }
  const head = '<!doctype html><meta charset="utf-8"><title>Plain</title><script src="rest.js"></script>';
  const page = `${head}<ul>${rows.join('\n')}</ul>`;
  writeFileSync(join(order.static.folder, 'index.html'), page);
  writeFileSync(join(order.static.folder, 'rest.js'), `//${'-'.repeat(Math.max(0, transfer_bytes - page.length - 2))}`);
}

async function loaded(address) {
  const { context, page } = await newcomer();
  const { ms } = await shown(page, address);
  await context.close();
  return ms;
}

/** From the sending of each flag until its row is on the screen of a page that is open; one a second. */
async function flags() {
  const { context, page } = await newcomer();
  await shown(page, `${order.address}/`);
  await page.waitForTimeout(2000);
  const headers = { ...order.headers, 'Content-Type': 'application/json' };
  const sent = new Map();
  for (let n = 0; n < order.flags; n++) {
    const second = new Promise((wake) => setTimeout(wake, 1000));
    const camera = order.cameras[n % order.cameras.length];
    const body = JSON.stringify({ camera, note: `Flag ${n}`, severity: 'urgent', before: '5s' });
    const at = Date.now();
    const answer = await fetch(`${order.address}/api/incidents`, { method: 'POST', headers, body });
    if (answer.status !== 201) throw new Error(`flag ${n}: ${answer.status} ${await answer.text()}`);
    sent.set((await answer.json()).id, at);
    await second;
  }
  await page.waitForTimeout(5000);
  const rows = await page.evaluate(() => window.__rows);
  await context.close();
  return [...sent].map(([id, at]) => {
    if (!rows[id]) throw new Error(`the flag ${id} did not get onto the screen`);
    return rows[id] - at;
  });
}

// Nobody gets at what they may not have: not by the address of a page, not by the address of what is behind it.
import { expect, test, type Page } from '@playwright/test';
import { Centre, iso } from './support/centre';
import { addPerson, signInAs } from './support/people';

let centre: Centre;

test.afterEach(async () => {
  await centre?.end();
});

/** What the service answers to this browser: status and the word that a page goes by. */
function answered(page: Page, path: string, body?: unknown): Promise<[number, string | null]> {
  return page.evaluate(
    async ([path, body]) => {
      const { csrf } = (await (await fetch('/api/session')).json()) as { csrf: string };
      const headers = { 'X-CSRF-Token': csrf, 'Content-Type': 'application/json' };
      const answer = await fetch(path, body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) });
      const isJson = answer.headers.get('Content-Type')?.includes('json') ?? false;
      const told = isJson ? ((await answer.json()) as { code?: string }) : {};
      return [answer.status, told.code ?? null] as [number, string | null];
    },
    [path, body] as const,
  );
}

test('who may only look cannot export, whatever address they write @short', async ({ browser }) => {
  centre = await Centre.start([{ id: 'counter-1' }]);
  const { from } = await centre.recording('counter-1', 5);
  const range = { from: iso(from), to: iso(from + 4000) };
  const wish = { cameras: ['counter-1'], ...range, reason: 'Công văn 12' };
  const { id } = await centre.ask<{ id: string }>('/api/exports', 'POST', wish);
  const page = await signInAs(browser, await addPerson(centre, { name: 'lan', full_name: 'Phạm Thị Lan', role: 'viewer' }));

  await page.goto(`${centre.address}/recordings?camera=counter-1&at=${encodeURIComponent(range.from)}`);
  await expect(page.getByRole('heading', { level: 1, name: 'Xem lại' })).toBeVisible();
  await page.getByRole('button', { name: /Trang khác và tài khoản/ }).click();
  await expect(page.getByRole('menuitem', { name: 'Thông báo về camera' })).toBeVisible();
  for (const name of ['Xuất bản ghi', 'Người dùng', 'Nhật ký', 'Quy tắc'])
    await expect(page.getByRole('menuitem', { name })).toHaveCount(0);
  await page.keyboard.press('Escape');

  for (const path of ['/exports', '/people', '/audit', '/rules', '/health']) {
    await page.goto(`${centre.address}${path}`);
    await expect(page.getByText('Bạn không có quyền làm việc này.')).toBeVisible();
  }

  const times = `from=${encodeURIComponent(range.from)}&to=${encodeURIComponent(range.to)}`;
  expect((await answered(page, `/api/cameras/counter-1/playlist.m3u8?${times}`))[0]).toBe(200);
  const refused = [403, 'right'];
  expect(await answered(page, `/api/cameras/counter-1/view.mp4?${times}`)).toEqual(refused);
  expect(await answered(page, '/api/exports')).toEqual(refused);
  expect(await answered(page, '/api/exports', wish)).toEqual(refused);
  expect(await answered(page, `/api/exports/${id}/package.zip`)).toEqual(refused);
  expect(await answered(page, '/api/incidents', { camera: 'counter-1', note: 'x' })).toEqual(refused);
  expect(await answered(page, '/api/holds', { ...wish, until: null })).toEqual(refused);
  await page.context().close();
});

test('who is limited to one camera sees nothing of the others', async ({ browser }) => {
  centre = await Centre.start([{ id: 'counter-1' }, { id: 'counter-2', name: 'Phòng tiếp dân' }]);
  await Promise.all(['counter-1', 'counter-2'].map((id) => centre.recording(id, 4)));
  for (const camera of ['counter-1', 'counter-2'])
    await centre.ask('/api/incidents', 'POST', { camera, note: `Ở ${camera}`, before: '2s' });
  const { from } = await centre.recording('counter-2', 2);
  const person = { name: 'binh', full_name: 'Đỗ Văn Bình', role: 'staff', only: ['counter-1'] };
  const page = await signInAs(browser, await addPerson(centre, person));
  await page.goto(centre.address);
  await expect(page.getByText('Ở counter-1').first()).toBeVisible();
  await expect(page.getByText('Ở counter-2')).toHaveCount(0);
  await page.goto(`${centre.address}/wall`);
  await expect(page.getByText('Quầy 1').first()).toBeVisible();
  await expect(page.getByText('Phòng tiếp dân')).toHaveCount(0);
  const times = `from=${encodeURIComponent(iso(from))}&to=${encodeURIComponent(iso(from + 1000))}`;
  expect((await answered(page, `/api/cameras/counter-1/playlist.m3u8?${times}`))[0]).toBe(200);
  for (const what of ['playlist.m3u8', 'timeline', 'thumb.jpg'])
    expect([403, 404], what).toContain((await answered(page, `/api/cameras/counter-2/${what}?${times}`))[0]);
  await page.context().close();
});

// A session ends when nobody is there, and one comes back to where one was.
import { expect, test } from '@playwright/test';
import { Centre } from './support/centre';
import { admin, signIn, signInByHand } from './support/people';

let centre: Centre;

test.afterEach(async () => {
  await centre?.end();
});

test('after a minute without use the sign-in page says so, and one comes back to the same address', async ({ page }) => {
  centre = await Centre.start([{ id: 'counter-1' }], { web: 'idle = "1min"' });
  await signIn(page, centre);
  const address = `${centre.address}/audit?action=sign-in`;
  await page.goto(address);
  await expect(page.getByRole('heading', { level: 1, name: 'Nhật ký' })).toBeVisible();
  await expect(page.getByText('Bạn đã được đăng xuất vì 1 phút không dùng.')).toBeVisible({ timeout: 90_000 });
  // The service says the same: nothing is left that a page could go on with.
  const left = await page.evaluate(async () => (await fetch('/api/session')).status);
  expect(left).toBe(401);
  await signInByHand(page, admin.name, 'không phải mật khẩu này');
  await expect(page.getByRole('alert')).toContainText('chưa đúng');
  await signInByHand(page, admin.name, admin.password);
  await expect(page.getByRole('heading', { level: 1, name: 'Nhật ký' })).toBeVisible();
  await expect(page).toHaveURL(address);
});

// The pages beside the pictures: whoever may open them can, nothing in them keeps anybody out, and people are let in by them.
import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';
import { Centre } from './support/centre';
import { signIn, signInAs, signInByHand } from './support/people';

let centre: Centre;

test.afterEach(async () => {
  await centre?.end();
});

const pages = {
  '/': ['Sự việc', 'Incidents'],
  '/wall': ['Trực tiếp', 'Live'],
  '/recordings': ['Xem lại', 'Recordings'],
  '/exports': ['Xuất bản ghi', 'Exports'],
  '/health': ['Tình trạng', 'Health'],
  '/notice': ['Thông báo về camera', 'Notice about the cameras'],
  '/people': ['Người dùng', 'People'],
  '/audit': ['Nhật ký', 'Journal'],
  '/rules': ['Quy tắc', 'Rules'],
  '/account': ['Tài khoản', 'Account'],
} as const;

/** What keeps people out who do not see or point. */
async function barriers(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return grave.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(', ')}`);
}

for (const [at, language] of ['Vietnamese', 'English'].entries())
  test(`every page keeps nobody out and fits a phone, in ${language}${at === 0 ? ' @short' : ''}`, async ({ page, browser }) => {
    centre = await Centre.start([{ id: 'counter-1', sub: true }]);
    await centre.recording('counter-1', 3);
    const { id } = await centre.ask<{ id: string }>('/api/incidents', 'POST', { camera: 'counter-1', note: 'Chen lấn' });
    await page.setViewportSize({ width: 360, height: 740 });
    await page.addInitScript((kept) => localStorage.setItem('quaywatch.language', kept), at === 0 ? 'vi' : 'en');
    await page.goto(centre.address);
    await expect(page.getByRole('heading', { name: 'quaywatch' })).toBeVisible();
    expect(await barriers(page), 'sign-in').toEqual([]);
    await signIn(page, centre);
    for (const [path, titles] of Object.entries({ ...pages, [`/?incident=${id}`]: pages['/'] })) {
      await page.goto(`${centre.address}${path}`);
      await expect(page.getByRole('heading', { level: 1, name: titles[at]!, exact: true })).toBeVisible();
      await expect(page.getByText(/^(Đang tải…|Loading…)$/)).toHaveCount(0);
      expect(await barriers(page), path).toEqual([]);
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(beyond, path).toBeLessThanOrEqual(0);
    }
    // And as it is used at a desk, in the dark.
    const desk = await signInAs(browser, centre.visitor, { colorScheme: 'dark', viewport: { width: 1280, height: 900 } });
    await desk.goto(`${centre.address}/?incident=${id}`);
    await expect(desk.getByRole('heading', { level: 2, name: /Chen lấn/ })).toBeVisible();
    expect(await barriers(desk), 'in the dark').toEqual([]);
    await desk.context().close();
  });

test('somebody is added, signs in with the password that is shown once, and is told in the journal', async ({ page, browser }) => {
  centre = await Centre.start([{ id: 'counter-1', sub: true }]);
  await signIn(page, centre);
  await page.goto(`${centre.address}/people`);
  await page.getByRole('button', { name: 'Thêm người' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Tên đăng nhập').fill('hoa');
  await dialog.getByLabel('Họ và tên').fill('Lê Thị Hoa');
  await dialog.getByText('Người xem.').click();
  await dialog.getByRole('button', { name: 'Thêm người' }).click();
  const password = (await dialog.locator('code').textContent()) ?? '';
  expect(password.length).toBeGreaterThan(10);
  await dialog.getByRole('button', { name: 'Đã ghi lại' }).click();
  await expect(page.getByText('Lê Thị Hoa')).toBeVisible();

  const hers = await (await browser.newContext()).newPage();
  await hers.goto(`${centre.address}/wall`);
  await signInByHand(hers, 'hoa', password);
  await expect(hers.getByRole('heading', { name: 'Đặt mật khẩu mới' })).toBeVisible();
  await hers.getByLabel('Mật khẩu đang dùng').fill(password);
  await hers.getByLabel('Mật khẩu mới', { exact: true }).fill('thuyền giấy qua sông');
  await hers.getByLabel('Nhập lại mật khẩu mới').fill('thuyền giấy qua sông');
  await hers.getByRole('button', { name: 'Đổi mật khẩu' }).click();
  await expect(hers.getByRole('heading', { level: 1, name: 'Trực tiếp' })).toBeVisible();
  await hers.context().close();

  await page.goto(`${centre.address}/audit`);
  await expect(page.getByText('đã thêm người dùng Lê Thị Hoa')).toBeVisible();
  await expect(page.getByText('Lê Thị Hoa đã đăng nhập')).toBeVisible();
  await page.getByRole('button', { name: 'Kiểm tra nhật ký' }).click();
  await expect(page.getByText('Nhật ký còn nguyên vẹn')).toBeVisible();
});

// What the province sees of a centre's chain: whole, gone on with after a database came from a copy, and after a lie.
import { expect, test } from '@playwright/test';
import { join } from 'node:path';
import { Centre, until } from './support/centre';
import { signIn } from './support/people';
import { run } from './support/process';
import { Province } from './support/province';

let province: Province;
let centre: Centre;

test.afterEach(async () => {
  await centre?.end();
  await province?.end();
});

interface Told {
  chain: { documents: number; missing: number; follows: { number: number; lost: number } | null } | null;
  chain_faults: number;
}

const atProvince = () => province.ask<Told>('/api/centres/xuan-lung');

/** Changes the centre's database as somebody with its disk would. */
async function withDatabase(script: string, ...paths: string[]): Promise<void> {
  const { code, said } = await run('/usr/bin/python3', ['-c', `import sqlite3,sys\n${script}`, ...paths]);
  expect(said).toBe('');
  expect(code).toBe(0);
}

const copyTo = 'sqlite3.connect(sys.argv[1]).backup(sqlite3.connect(sys.argv[2]))';

test('the board tells that a database was restored from a copy, and when a centre says so falsely', async ({ page }) => {
  province = await Province.start();
  centre = await Centre.start([{ id: 'counter-1' }], { sealEvery: '5s', link: province.link });
  const [database, copy] = [join(centre.storage, 'centre.sqlite'), join(centre.folder, 'copy.sqlite')];
  const told = (what: string, is: (told: Told) => boolean) =>
    until(what, 60, async () => ((found) => is(found) && found)(await atProvince()));
  await told('the first documents', ({ chain }) => (chain?.documents ?? 0) > 2);
  await centre.stop();
  await withDatabase(copyTo, database, copy);
  await centre.start();
  const before = (await atProvince()).chain!.documents;
  await told('more documents', ({ chain }) => (chain?.documents ?? 0) > before + 2);
  await centre.stop();
  await withDatabase(copyTo, copy, database);
  await centre.start();
  const { chain } = await told('the new life', ({ chain }) => chain?.follows != null);
  expect(chain!.follows!.lost).toBeGreaterThan(0);
  expect((await atProvince()).chain_faults).toBe(0);

  await signIn(page, province);
  await page.goto(province.address);
  await page.getByRole('button', { name: /Xã Xuân Lũng/ }).click();
  await expect(page.getByText(/Cơ sở dữ liệu của trung tâm đã được khôi phục từ bản sao/)).toBeVisible();
  await expect(page.getByText(/được lập mới/)).toHaveCount(0);

  // The same life says now that it went on from elsewhere.
  await centre.stop();
  const lie = `db = sqlite3.connect(sys.argv[1])
db.execute('UPDATE meta SET follows_number = follows_number - 1')
db.commit()`;
  await withDatabase(lie, database);
  await centre.start();
  await told('the lie', ({ chain_faults }) => chain_faults > 0);
  await page.reload();
  await page.getByRole('button', { name: /Xã Xuân Lũng/ }).click();
  await expect(page.getByText(/nhưng các mục tỉnh đã có cho thấy không phải vậy/)).toBeVisible();
  await expect(page.getByText(/Hồ sơ đã ký không khớp nhau: 1 chỗ/)).toBeVisible();
});

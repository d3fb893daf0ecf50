// Somebody who is signed in at a centre: what tests ask goes with their session, and so do the pages they open.
import type { Browser, BrowserContextOptions, Page } from '@playwright/test';

/** The first administrator, and the password that takes the place of the one that is shown once. */
export const admin = { name: 'admin', password: 'mật khẩu thử nghiệm dài' } as const;

const cookieName = 'quaywatch';

/** A session over HTTP. */
export class Visitor {
  private constructor(
    readonly address: string,
    readonly cookie: string,
    private readonly csrf: string,
  ) {}

  /** Signs in. */
  static async signIn(address: string, password: string, name: string = admin.name): Promise<Visitor> {
    const answer = await fetch(`${address}/api/session`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name, password }),
    });
    const begun = answer.headers.getSetCookie().find((each) => each.startsWith(`${cookieName}=`));
    if (!answer.ok || !begun) throw new Error(`${name} could not sign in: ${answer.status} ${await answer.text()}`);
    const { csrf } = (await answer.json()) as { csrf: string };
    return new Visitor(address, begun.slice(cookieName.length + 1).split(';')[0]!, csrf);
  }

  /** One request; anything but a success is thrown. */
  async ask(path: string, method = 'GET', body?: unknown): Promise<Response> {
    const headers = { Cookie: `${cookieName}=${this.cookie}`, 'X-CSRF-Token': this.csrf, 'Content-Type': 'application/json' };
    const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
    const answer = await fetch(`${this.address}${path}`, init);
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }

  /** Puts another password in the place of the one that was shown once. */
  async changePassword(old: string, wanted: string): Promise<void> {
    await this.ask('/api/session/password', 'PUT', { old, new: wanted });
  }
}

/** Lets the browser of this page be signed in, as the test itself is. */
export async function signIn(page: Page, centre: { address: string; visitor: Visitor }): Promise<void> {
  await page.context().addCookies([
    { name: cookieName, value: centre.visitor.cookie, url: centre.address, httpOnly: true, sameSite: 'Strict' },
  ]);
}

/** Signs in as people do: with the form that is shown instead of any page. */
export async function signInByHand(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel('Tên đăng nhập').fill(name);
  await page.getByLabel('Mật khẩu', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Đăng nhập' }).click();
}

/** Adds somebody and has them change the password that is shown once; gives their session. */
export async function addPerson(
  { visitor }: { visitor: Visitor },
  person: { name: string; full_name: string; role: string; only?: string[] },
): Promise<Visitor> {
  const { password } = (await (await visitor.ask('/api/users', 'POST', person)).json()) as { password: string };
  const theirs = await Visitor.signIn(visitor.address, password, person.name);
  await theirs.changePassword(password, admin.password);
  return theirs;
}

/** A page of a browser of their own in which somebody is signed in. */
export async function signInAs(browser: Browser, visitor: Visitor, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await (await browser.newContext(options)).newPage();
  await signIn(page, { address: visitor.address, visitor });
  return page;
}

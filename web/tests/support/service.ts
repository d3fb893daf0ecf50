// The real service of a test, a centre's or a province's: started with its configuration, its administrator signed in.
import { spawn, type ChildProcess } from 'node:child_process';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { admin, Visitor } from './people';
import { ended, program, until } from './process';

/** A service that runs. */
export class Service {
  #child: ChildProcess | null = null;
  #visitor: Visitor | null = null;

  constructor(
    private readonly role: 'edge' | 'province',
    readonly folder: string,
    readonly port: number,
    config: string,
  ) {
    writeFileSync(this.#config, config);
  }

  get #config(): string {
    return join(this.folder, `${this.role}.toml`);
  }

  get #log(): string {
    return join(this.folder, `${this.role}.log`);
  }

  /** The address of its pages. */
  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The administrator's session. */
  get visitor(): Visitor {
    if (!this.#visitor) throw new Error('nobody has signed in yet');
    return this.#visitor;
  }

  /** Starts it, waits until its pages are served, and signs in: sessions end with the service. */
  async start(): Promise<void> {
    const log = openSync(this.#log, 'a');
    this.#child = spawn(program, [this.role, '--config', this.#config], { stdio: ['ignore', 'pipe', log] });
    let said = '';
    this.#child.stdout?.on('data', (bytes: Buffer) => (said += bytes.toString()));
    await until('the pages to be served', 30, async () => (await fetch(`${this.address}/readyz`)).ok);
    if (this.#visitor) {
      this.#visitor = await Visitor.signIn(this.address, admin.password);
      return;
    }
    // At its first start the service says a password that can be used once.
    const first = await until('the first password', 10, async () => /^admin password: (.*)$/m.exec(said)?.[1]);
    this.#visitor = await Visitor.signIn(this.address, first);
    await this.#visitor.changePassword(first, admin.password);
  }

  /** Stops it in order. */
  async stop(): Promise<void> {
    await ended(this.#child, 'SIGTERM');
    this.#child = null;
  }

  /** What it has logged. */
  log(): string {
    return readFileSync(this.#log, 'utf8');
  }

  /** A JSON answer to the administrator. */
  async ask<T>(path: string, method = 'GET', body?: unknown): Promise<T> {
    return (await (await this.visitor.ask(path, method, body)).json()) as T;
  }
}

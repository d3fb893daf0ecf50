// A province for a test: a broker, keys for both ends of the link, and the real service that receives.
import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { provinceConfig, publicHalf, type Link } from './config';
import { ended, freePort, until } from './process';
import { Service } from './service';

/** A running province. */
export class Province extends Service {
  private constructor(
    folder: string,
    port: number,
    /** What its centre needs to know. */
    readonly link: Link,
    private readonly broker: ChildProcess,
    config: string,
  ) {
    super('province', folder, port, config);
  }

  /** Starts broker and service. */
  static async start(): Promise<Province> {
    const folder = mkdtempSync(join(tmpdir(), 'quaywatch-web-province-'));
    const [port, broker] = [await freePort(), await freePort()];
    const key = (end: string) => makeKey(join(folder, `${end}-keys/${end}.pem`));
    const link = { broker, centreKey: key('centre'), provinceKey: key('province') };
    const config = provinceConfig(join(folder, 'province'), port, link, key('other'));
    const province = new Province(folder, port, link, await startBroker(folder, broker), config);
    await province.start();
    return province;
  }

  /** Ends everything and removes the folder. */
  async end(): Promise<void> {
    await this.stop();
    await ended(this.broker, 'SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Makes a key as the service does at its first start, so that each end has the other's before it starts. */
function makeKey(path: string): string {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  mkdirSync(dirname(path));
  writeFileSync(path, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  writeFileSync(publicHalf(path), publicKey.export({ format: 'pem', type: 'spki' }));
  return path;
}

async function startBroker(folder: string, port: number): Promise<ChildProcess> {
  const config = join(folder, 'mosquitto.conf');
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nmax_queued_messages 10000\n`);
  // Debian keeps it where ordinary users do not look.
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;
  const broker = spawn('mosquitto', ['-c', config], { stdio: 'ignore', env: { ...process.env, PATH: path } });
  await until('the broker', 10, () => answers(port));
  return broker;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

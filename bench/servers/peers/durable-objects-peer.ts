// Cloudflare's Durable Objects on workerd, the runtime of Cloudflare Workers, in one process.

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AUTH_SECRET } from '../sale-client.ts';
import { OrderPeer } from './order-peer.ts';
import { PEERS_DIRECTORY, peerVersion } from './packages.ts';

const CONFIGURATION = join(PEERS_DIRECTORY, 'orders', 'durable-objects.capnp');
const PACKAGE = `@cloudflare/workerd-linux-${process.arch === 'x64' ? '64' : process.arch}`;
const PROGRAM = join(PEERS_DIRECTORY, 'node_modules', PACKAGE, 'bin', 'workerd');

export class DurableObjectsPeer extends OrderPeer {
  readonly key = 'durable-objects';
  readonly label = 'Durable Objects';

  get about(): string {
    return (
      `workerd ${peerVersion(PACKAGE)}: a Worker, and for each drop a Durable Object that ` +
      'decides the orders of one turn of the event loop together, in its SQLite file; SQLite ' +
      'syncs its WAL at each commit, and the output gate holds the answers back until then.'
    );
  }

  protected async launch(directory: string): Promise<string> {
    if (!existsSync(PROGRAM))
      throw new Error(`${PACKAGE} is missing: workerd has no build for this machine`);
    const storage = join(directory, 'storage');
    mkdirSync(storage);
    const found = await this.run({
      program: PROGRAM,
      args: [
        'serve',
        CONFIGURATION,
        '--socket-addr=http=127.0.0.1:0',
        `--directory-path=storage=${storage}`,
        // workerd reports its port on standard output.
        '--control-fd=1',
      ],
      environment: { AUTH_SECRET },
      ready: /"event":"listen".*"port":(\d+)/,
    });
    return `http://127.0.0.1:${found[1]!}`;
  }
}

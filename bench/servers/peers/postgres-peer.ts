// Fastify and PostgreSQL, connected by a Unix socket. PostgreSQL refuses to run as root, so root
// runs it as Debian's user `postgres`.

import { execFile, execFileSync } from 'node:child_process';
import { chownSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OrderPeer } from './order-peer.ts';
import { PEERS_DIRECTORY, peerVersion } from './packages.ts';
import { findPostgres, present, versionOf } from './programs.ts';

const CONFIGURATION = join(PEERS_DIRECTORY, 'orders', 'postgresql.conf');
const SYSTEM_USER = 'postgres';
const DATABASE_USER = 'bench';
const DEBIAN_PACKAGE = 'postgresql';

export class PostgresPeer extends OrderPeer {
  readonly key = 'postgres';
  readonly label = 'Fastify + PostgreSQL';

  get about(): string {
    return (
      `Fastify ${peerVersion('fastify')} and pg ${peerVersion('pg')}: a prepared call of a ` +
      'PL/pgSQL function for each order, a hot row for the stock, and a unique key; ' +
      `PostgreSQL ${versionOf(findPostgres('postgres'))} with synchronous_commit on, which syncs ` +
      'its WAL at each commit; the orders of one drop commit one after another.'
    );
  }

  protected async launch(directory: string): Promise<string> {
    const postgres = present(findPostgres('postgres'), DEBIAN_PACKAGE);
    const data = join(directory, 'data');
    const user = process.getuid?.() === 0 ? SYSTEM_USER : undefined;
    if (user !== undefined) chownSync(directory, idOf('-u', user), idOf('-g', user));
    await initialize(present(findPostgres('initdb'), DEBIAN_PACKAGE), data, user);
    copyFileSync(CONFIGURATION, join(data, 'postgresql.conf'));
    await this.run({
      program: postgres,
      args: ['-D', data, '-k', directory, '-h', ''],
      ready: /database system is ready to accept connections/,
      // An immediate shutdown, since the data is not needed again.
      stopSignal: 'SIGQUIT',
      ...(user === undefined ? {} : { user }),
    });
    return this.runScript('postgres.mjs', [directory, DATABASE_USER]);
  }
}

async function initialize(initdb: string, data: string, user: string | undefined): Promise<void> {
  const args = ['-D', data, '-U', DATABASE_USER, '-A', 'trust', '--no-sync', '--locale', 'C'];
  const command = [initdb, ...args, '--encoding', 'UTF8'];
  const asUser = user === undefined ? [] : ['--reuid', user, '--regid', user, '--init-groups'];
  await promisify(execFile)('setpriv', [...asUser, ...command]);
}

function idOf(kind: '-u' | '-g', user: string): number {
  return Number(execFileSync('id', [kind, user], { encoding: 'utf8' }));
}

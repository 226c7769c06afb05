// The servers beside the nodes of a cluster, as the bench starts them by itself: redis-server with
// the configuration that LiveDrops needs, and nats-server. Each is on a free port of the loopback.

import { fileURLToPath } from 'node:url';
import { freePort } from '../../operator/cluster/free-port.ts';
import { findProgram } from '../../operator/cluster/supervised-process.ts';
import { PinnedProgram, type PinnedProgramOptions } from './peers/pinned-program.ts';
import { findRedis, present } from './peers/programs.ts';

const CONFIGURATION = fileURLToPath(new URL('../../deploy/redis.conf', import.meta.url));
export const HOST = '127.0.0.1';

export interface StartedProgram {
  readonly program: PinnedProgram;
  readonly port: number;
}

/** Keeps its files in `directory`. Rejects if redis-server is missing or does not start. */
export function startRedis(directory: string, core?: number | null): Promise<StartedProgram> {
  const program = present(findRedis(), 'redis-server');
  const args = [CONFIGURATION, '--bind', HOST, '--dir', directory];
  return start({ program, args, ready: /Ready to accept connections/, core });
}

/** Rejects if nats-server is missing or does not start. */
export function startNats(core?: number | null): Promise<StartedProgram> {
  const program = present(findProgram('nats-server'), 'nats-server');
  return start({ program, args: ['--addr', HOST], ready: /Server is ready/, core });
}

async function start(options: PinnedProgramOptions): Promise<StartedProgram> {
  const port = await freePort();
  const args = [...options.args, '--port', String(port)];
  const program = new PinnedProgram({ ...options, args });
  try {
    await program.ready();
  } catch (error) {
    await program.stop();
    throw error;
  }
  return { program, port };
}

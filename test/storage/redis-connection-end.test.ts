// A process whose connection to a Redis Cluster is closed ends, whatever the connection was at.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { RedisClusterServers, redisInstalled } from '../servers/redis-server.ts';

const MODULE = pathToFileURL(
  join(import.meta.dirname, '../../storage/redis/connection/connection.ts'),
).href;
const TIMEOUT_MS = 30_000;

(redisInstalled ? test : test.skip)(
  'a connection that is closed while it reads the slots again keeps no process alive',
  async (t) => {
    const servers = await RedisClusterServers.start();
    t.teardown(() => servers.stop());
    const program = `
      const { connectRedis } = await import(${JSON.stringify(MODULE)});
      const log = { debug() {} };
      const address = ${JSON.stringify(servers.address)};
      const redis = await connectRedis({ address, name: 'test', log });
      const refresh = redis.refreshSlotsCache.bind(redis);
      redis.refreshSlotsCache = (callback) => {
        redis.refreshSlotsCache = refresh;
        refresh(callback);
        console.log('closed during a refresh');
        redis.disconnect();
      };`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    let shown = '';
    child.stdout.on('data', (bytes: Buffer) => void (shown += bytes.toString()));
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    t.deepEqual([shown, code, signal], ['closed during a refresh\n', 0, null]);
  },
);

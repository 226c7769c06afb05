// A redis-server that serves a saved file (`server-stream.ts`) to this process alone, by a socket
// in a temporary directory. It checks the file's checksum when it loads it, and writes nothing.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';

const POLL_MS = 50;
/** Kept of what it says, to tell why it ended. */
const OUTPUT_CHARACTERS_MAX = 4_000;

export interface SavedServer {
  readonly redis: Redis;
  stop(): Promise<void>;
}

/** Errors: an Error with what the program said, such as that the file is damaged. */
export async function serveSaved(file: string): Promise<SavedServer> {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-restore-'));
  const socket = join(directory, 'socket');
  const settings = {
    port: '0',
    unixsocket: socket,
    save: '',
    appendonly: 'no',
    dir: dirname(file),
    dbfilename: basename(file),
  };
  const words = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn('redis-server', words);
  let output = '';
  const listen = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-OUTPUT_CHARACTERS_MAX);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const redis = new Redis({ path: socket, lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => undefined);
  const stop = async () => {
    redis.disconnect();
    if (child.exitCode === null && child.pid !== undefined) {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    }
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await untilLoaded(child, redis, () => output);
    return { redis, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function untilLoaded(child: ChildProcess, redis: Redis, output: () => string): Promise<void> {
  let fault: Error | null = null;
  child.once('error', (error) => {
    const text = `redis-server cannot be started, which a restore needs: ${error.message}`;
    fault = new Error(text, { cause: error });
  });
  child.once('exit', () => {
    fault ??= new Error(`redis-server could not load the backup: ${output().trim()}`);
  });
  for (;;) {
    // The program may end at any moment, so this is read anew.
    const ended = fault as Error | null;
    if (ended !== null) throw ended;
    try {
      if (redis.status !== 'ready') await redis.connect();
      await redis.ping();
      return;
    } catch {
      await pause(POLL_MS);
    }
  }
}

// The port of the media process, with its real program, where another program has it.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import pino from 'pino';
import { loadConfig } from '../../composition/config.ts';
import { MediaProcess } from '../../composition/media.ts';
import { freePort } from '../servers/child-server.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';

const WAIT_MAX_MS = 120_000;

interface Line {
  readonly level: number;
  readonly msg: string;
}

function mediaProcess(t: ExecutionContext, environment: Record<string, string>) {
  const folder = temporaryDirectory();
  const config = loadConfig({
    LIVEDROPS_DATA: folder,
    LIVEDROPS_LOG: 'silent',
    LIVEDROPS_BLOBS: `file:${join(folder, 'blobs')}`,
    ...environment,
  });
  const lines: Line[] = [];
  const write = (text: string) => void lines.push(JSON.parse(text) as Line);
  const unused = () => Promise.reject(new Error('the node does not answer'));
  const media = new MediaProcess({
    config,
    media: config.media!,
    gateway: { uploads: unused },
    call: unused,
    log: pino({ level: 'info' }, { write }),
  });
  t.teardown(async () => {
    await media.stop();
    removeDirectory(folder);
  });
  return { media, lines };
}

async function taken(t: ExecutionContext): Promise<{ port: number; free: () => Promise<void> }> {
  const port = await freePort();
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  const free = async () => {
    if (server.listening) await once(server.close(), 'close');
  };
  t.teardown(free);
  return { port, free };
}

async function until(what: () => boolean): Promise<void> {
  const end = performance.now() + WAIT_MAX_MS;
  while (!what() && performance.now() < end) await pause(20);
}

test('M1: where the default port is taken, it is another one, also after a restart', async (t) => {
  const first = await taken(t);
  const { media } = mediaProcess(t, { LIVEDROPS_PORT: String(first.port - 1) });
  media.start();
  await until(() => media.origin !== null);
  const port = Number(new URL(media.origin!).port);
  t.not(port, first.port);

  process.kill(media.pid!, 'SIGKILL');
  const thief = createServer();
  t.teardown(() => void thief.close());
  await until(() => media.pid === null);
  await once(thief.listen(port, '127.0.0.1'), 'listening');
  await until(() => media.sample.isRunning);
  t.false([first.port, port].includes(Number(new URL(media.origin!).port)));
});

test('M1: where the port that was set is taken, that is told once, and tried again', async (t) => {
  const { port, free } = await taken(t);
  const { media, lines } = mediaProcess(t, { LIVEDROPS_MEDIA_PORT: String(port) });
  const pids = new Set<number | null>();
  media.start();
  await until(() => pids.add(media.pid).size > 3);
  t.is(lines.length, 1);
  t.regex(lines[0]!.msg, /LIVEDROPS_MEDIA_PORT/);
  t.regex(JSON.stringify(lines[0]), new RegExp(`EADDRINUSE.*${port}`));
  await free();
  await until(() => media.origin !== null);
  t.is(Number(new URL(media.origin!).port), port);
  await until(() => lines.length > 1);
  t.deepEqual([lines.length, lines[1]!.level], [2, pino.levels.values['info']]);
});

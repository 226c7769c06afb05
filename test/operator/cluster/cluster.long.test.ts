// `livedrops cluster` as a process, with real nodes and real servers.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import sharp from 'sharp';
import ava, { type ExecutionContext, type TestFn } from 'ava';
import { natsInstalled } from '../../servers/nats-server.ts';
import { redisInstalled } from '../../servers/redis-server.ts';
import { COMPILE_CACHE, PROGRAM, runCommand } from '../run-command.ts';

const installed = natsInstalled && redisInstalled;
const test = (installed ? ava.serial : ava.serial.skip) as TestFn;

const POLL_INTERVAL_MS = 50;
const GONE_TIMEOUT_MS = 20_000;

/** Resolves when the cluster is ready. */
async function startCluster(t: ExecutionContext) {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'livedrops-cluster-test-'));
  const args = [PROGRAM, 'cluster', '--nodes', '2', '--port', '0', '--data', dataDirectory];
  const child = spawn(process.execPath, args, {
    env: COMPILE_CACHE,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(async () => {
    child.kill('SIGKILL');
    await until(() => livingChildren.every((pid) => !lives(pid)));
    rmSync(dataDirectory, { recursive: true, force: true });
  });
  let livingChildren: number[] = [];
  const lines: string[] = [];
  const ready = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout })
      .on('line', (line) => {
        lines.push(line);
        const url = /^LiveDrops ready on (\S+)$/.exec(line)?.[1];
        if (url !== undefined) resolve(url);
      })
      .on('close', () => reject(new Error(lines.join('\n'))));
  });
  const url = await ready;
  livingChildren = childrenOf(child.pid!);
  return { child, dataDirectory, lines, url, children: livingChildren };
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

/** Null if the process has ended meanwhile. */
function parentOf(pid: number): number | null {
  try {
    // The fields after the name, which is in parentheses, are the state and the parent.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null;
  }
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + GONE_TIMEOUT_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('a child process is still running');
    await delay(POLL_INTERVAL_MS);
  }
}

test('a cluster starts, commands find it by its directory, and Ctrl-C stops it', async (t) => {
  const { child, dataDirectory, lines, url, children } = await startCluster(t);
  t.is((await fetch(`${url}/healthz`)).status, 200);
  t.is(children.length, 4, 'two nodes, Redis and NATS');
  const { code, stdout } = await runCommand(['nodes', '--json'], {
    environment: { LIVEDROPS_DATA: dataDirectory },
  });
  t.is(code, 0);
  const nodes = JSON.parse(stdout) as { nodeId: string; state: string; url: string }[];
  t.deepEqual(
    nodes.map(({ nodeId, state }) => [nodeId, state]),
    [
      ['node-1', 'serving'],
      ['node-2', 'serving'],
    ],
  );
  t.is(nodes[0]?.url, url);
  await mediaAreShared(t, { dataDirectory, lines, url });
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  t.deepEqual(await ended, [0, null]);
  t.deepEqual(children.filter(lives), []);
  t.is(lines.at(-1), 'Everything has stopped.');
  t.true(readdirSync(dataDirectory).includes('auth-secret'), 'the --data directory stays');
});

/**
 * What is uploaded to the media process of one node is processed, and read at that of the other.
 */
async function mediaAreShared(
  t: ExecutionContext,
  { dataDirectory, lines, url }: { dataDirectory: string; lines: string[]; url: string },
): Promise<void> {
  const origins = lines.flatMap((line) => /, its media on (\S+)$/.exec(line)?.[1] ?? []);
  t.is(new Set(origins).size, 2);
  const [first, second] = origins as [string, string];
  const { stdout } = await runCommand(['token', '--user', 'u_ann'], {
    environment: { LIVEDROPS_DATA: dataDirectory },
  });
  const picture = await sharp({
    create: { width: 20, height: 10, channels: 3, background: '#a30' },
  })
    .png()
    .toBuffer();
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const begin = () =>
    fetch(`${first}/v1/uploads`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${stdout.trim()}`,
        'tus-resumable': '1.0.0',
        'upload-length': String(picture.length),
        'upload-metadata': `filename ${base64('a.png')},purpose ${base64('product')}`,
        'content-type': 'application/offset+octet-stream',
      },
      body: Uint8Array.from(picture),
    }).catch(() => null);
  let begun = await begin();
  // The node does not wait for its media process.
  for (; begun === null; begun = await begin()) await delay(POLL_INTERVAL_MS);
  t.is(begun.status, 201, await begun.text());
  const mediaId = begun.headers.get('location')!.split('/').at(-1)!;
  let media: { status: string; content: { variants: { url: string }[] } };
  do {
    await delay(POLL_INTERVAL_MS);
    const headers = { authorization: `Bearer ${stdout.trim()}` };
    const reply = await fetch(`${url}/v1/media/${mediaId}`, { headers });
    media = (await reply.json()) as typeof media;
  } while (media.status === 'processing');
  t.is(media.status, 'ready');
  for (const variant of media.content.variants) {
    // Each node tells its own media origin.
    t.true(variant.url.startsWith(first), variant.url);
    t.is((await fetch(second + variant.url.slice(first.length))).status, 200);
  }
}

test('no child process outlives a killed supervisor', async (t) => {
  const { child, children } = await startCluster(t);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await until(() => children.every((pid) => !lives(pid)));
  t.pass();
});

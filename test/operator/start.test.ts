import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { COMPILE_CACHE, PROGRAM, runCommand } from './run-command.ts';

function temporaryDirectory(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-start-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function spawnStart(t: ExecutionContext, environment: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, [PROGRAM, 'start'], {
    env: {
      ...COMPILE_CACHE,
      LIVEDROPS_LOG: 'error',
      LIVEDROPS_DATA: temporaryDirectory(t),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  return child;
}

/** What is asked of the others needs no search, whose threads are a third of a start. */
const WITHOUT_SEARCH = { LIVEDROPS_ROLES: 'gateway,actors,services' };

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`start prints its address, serves there, and exits with 0 on ${signal}`, async (t) => {
    const roles = signal === 'SIGINT' ? WITHOUT_SEARCH : {};
    const child = spawnStart(t, { ...roles, LIVEDROPS_PORT: '0' });
    const errors = text(child.stderr!);
    const [chunk] = (await once(child.stdout!, 'data')) as [Buffer];
    const ready = /^LiveDrops ready on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(chunk.toString());
    t.truthy(ready, chunk.toString());
    const response = await fetch(`${ready?.[1]}/healthz`);
    t.is(response.status, 200);
    await response.arrayBuffer();
    child.kill(signal);
    const [code] = (await once(child, 'exit')) as [number | null];
    t.is(code, 0, await errors);
  });
}

test('start on a taken port prints one line and exits with 1', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.teardown(() => other.close());
  const { port } = other.address() as { port: number };
  const child = spawnStart(t, { ...WITHOUT_SEARCH, LIVEDROPS_PORT: String(port) });
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  t.is(code, 1);
  t.is(output, '');
  t.regex(errors, new RegExp(`^livedrops: .*${port}.*\\n$`));
});

test('a single node neither starts nor verifies on the directory of a cluster', async (t) => {
  const data = temporaryDirectory(t);
  mkdirSync(join(data, 'redis', 'appendonlydir'), { recursive: true });
  writeFileSync(join(data, 'server-url'), 'http://127.0.0.1:1');
  const environment = { LIVEDROPS_DATA: data, LIVEDROPS_PORT: '0' };
  const started = await runCommand(['start'], { environment });
  const words = `livedrops: ${data} belongs to a cluster: use npm run cluster -- --data ${data}\n`;
  t.deepEqual([started.code, started.stdout, started.stderr], [1, '', words]);
  t.is(readFileSync(join(data, 'server-url'), 'utf8'), 'http://127.0.0.1:1');
  t.false(readdirSync(data).some((name) => name.endsWith('.db')));
  // An older version, which did start on such a directory, left this file.
  writeFileSync(join(data, 'journal.db'), '');
  const verified = await runCommand(['verify'], { environment });
  t.deepEqual([verified.code, verified.stdout], [1, '']);
  t.regex(verified.stderr, /^livedrops: no server at http:\/\/127\.0\.0\.1:1 answers/);
});

test('start on an address of another machine prints one line and exits with 1', async (t) => {
  // TEST-NET-1 (RFC 5737): no machine has this address.
  const address = { LIVEDROPS_HOST: '192.0.2.1', LIVEDROPS_PORT: '0' };
  const child = spawnStart(t, { ...WITHOUT_SEARCH, ...address });
  const [errors, [code]] = await Promise.all([
    text(child.stderr!),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  t.is(code, 1);
  t.regex(
    errors,
    /^livedrops: Cannot listen on 192\.0\.2\.1:0: .*the address not of this machine\?\n$/,
  );
});

// Delivery through a real caching proxy: Debian's nginx in front, as a CDN would be. Skipped where
// nginx is not installed (`node scripts/system-packages.mjs nginx`).

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';
import { DeliveryFixture, type Reply } from './delivery-fixture.ts';

const NGINX = ['/usr/sbin/nginx', '/usr/bin/nginx'].find((path) => existsSync(path));
const DEADLINE_MS = 30_000;

class Proxy {
  readonly folder = temporaryDirectory();
  port = 0;
  #nginx: ChildProcess | null = null;

  async start(origin: number): Promise<void> {
    this.port = await freePort();
    const file = join(this.folder, 'nginx.conf');
    writeFileSync(file, configuration(this.folder, this.port, origin));
    this.#nginx = spawn(
      NGINX!,
      ['-p', this.folder, '-c', file, '-e', join(this.folder, 'errors')],
      {
        stdio: 'ignore',
      },
    );
    const deadline = performance.now() + DEADLINE_MS;
    for (;;) {
      const isUp = await fetch(`http://127.0.0.1:${this.port}/up`).then(
        ({ status }) => status === 204,
        () => false,
      );
      if (isUp) return;
      if (performance.now() > deadline) throw new Error('nginx does not answer');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(): Promise<void> {
    if (this.#nginx !== null) {
      const exited = once(this.#nginx, 'exit');
      this.#nginx.kill('SIGTERM');
      await exited;
    }
    removeDirectory(this.folder);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The least that docs/OPERATIONS.md recommends, with everything in one folder. */
function configuration(folder: string, port: number, origin: number): string {
  return `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${folder}/pid;
worker_processes 1;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/temporary;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  proxy_cache_path ${folder}/cache keys_zone=media:1m max_size=64m inactive=1y;
  server {
    listen 127.0.0.1:${port};
    location = /up { return 204; }
    location / {
      proxy_pass http://127.0.0.1:${origin};
      proxy_http_version 1.1;
      proxy_cache media;
      proxy_cache_revalidate on;
      proxy_cache_lock on;
      add_header x-cache $upstream_cache_status always;
    }
    location /short/ {
      rewrite ^/short(/.*)$ $1 break;
      proxy_pass http://127.0.0.1:${origin};
      proxy_cache media;
      proxy_cache_key short$uri;
      proxy_cache_revalidate on;
      proxy_ignore_headers cache-control;
      proxy_cache_valid 200 1s;
      add_header x-cache $upstream_cache_status always;
    }
  }
}`;
}

const proxied = NGINX === undefined ? test.skip : test;
const fixture = new DeliveryFixture();
const proxy = new Proxy();
const digest = () => randomBytes(32).toString('hex');
const cacheOf = ({ headers }: Reply) => headers['x-cache'];

test.before(async () => {
  await fixture.start();
  if (NGINX !== undefined) await proxy.start(fixture.port);
});
test.after.always(async () => {
  await proxy.stop();
  await fixture.stop();
});

async function ask(path: string, headers: Record<string, string> = {}): Promise<Reply> {
  return await fixture.ask(path, headers, 'GET', proxy.port);
}

proxied('M2: a cache asks once, and gives the same bytes and headers from then on', async (t) => {
  const content = randomBytes(200_000);
  const path = await fixture.put(digest(), { name: 'w640-1', extension: 'webp' }, content);
  const first = await ask(path);
  const second = await ask(path);
  t.deepEqual([cacheOf(first), cacheOf(second)], ['MISS', 'HIT']);
  for (const { status, headers, body } of [first, second]) {
    t.is(status, 200);
    t.deepEqual(body, content);
    t.is(headers['cache-control'], 'public, max-age=31536000, immutable');
    t.is(headers['x-content-type-options'], 'nosniff');
  }
  const tag = first.headers.etag!;
  t.is(second.headers.etag, tag);
  const known = await ask(path, { 'if-none-match': tag });
  t.deepEqual([known.status, known.body.length, cacheOf(known)], [304, 0, 'HIT']);
});

proxied('M2: a cache answers ranges from what it has, and If-Range with its tag', async (t) => {
  const content = randomBytes(200_000);
  const path = await fixture.put(digest(), { name: 'video-1', extension: 'mp4' }, content);
  const { headers } = await ask(path);
  const range = await ask(path, { range: 'bytes=1000-1999', 'if-range': headers.etag! });
  t.deepEqual([range.status, cacheOf(range)], [206, 'HIT']);
  t.deepEqual(range.body, content.subarray(1_000, 2_000));
  const other = await ask(path, { range: 'bytes=1000-1999', 'if-range': '"another"' });
  t.deepEqual([other.status, other.body.length], [200, content.length]);
  const several = await ask(path, { range: 'bytes=0-9,500-509' });
  t.is(several.status, 206);
  t.regex(several.headers['content-type']!, /^multipart\/byteranges/);
});

proxied('M2: what has expired in a cache is asked for again by its tag', async (t) => {
  const content = randomBytes(50_000);
  const path = await fixture.put(digest(), { name: 'w320-1', extension: 'jpg' }, content);
  const first = await ask(`/short${path}`);
  t.is(cacheOf(first), 'MISS');
  const deadline = performance.now() + DEADLINE_MS;
  let again: Reply;
  do {
    await new Promise((resolve) => setTimeout(resolve, 500));
    again = await ask(`/short${path}`);
  } while (cacheOf(again) === 'HIT' && performance.now() < deadline);
  t.is(cacheOf(again), 'REVALIDATED');
  t.deepEqual(again.body, content);
  t.is(fixture.requests.at(-1)!['if-none-match'], first.headers.etag);
});

proxied('M2: a cache keeps formats that Accept chose apart', async (t) => {
  const sha256 = digest();
  for (const extension of ['avif', 'jpg'] as const)
    await fixture.put(sha256, { name: 'w640-1', extension }, Buffer.from(extension));
  const path = `/m/${sha256}/w640-1`;
  for (const [accept, expected] of [
    ['image/avif', 'avif'],
    ['*/*', 'jpg'],
    ['image/avif', 'avif'],
  ] as const)
    t.is((await ask(path, { accept })).body.toString(), expected);
});

proxied('M2: no cache stores private media, refusals, or what is not there', async (t) => {
  const sha256 = digest();
  const path = await fixture.put(sha256, { name: 'w640-1', extension: 'webp' }, Buffer.from('own'));
  fixture.privates.add(sha256);
  const url = fixture.signer.sign(path, Math.floor(fixture.now / 1000), 600);
  for (const [asked, status] of [
    [url, 200],
    [path, 404],
    [`${url}x`, 403],
  ] as const)
    for (let i = 0; i < 2; i++) {
      const reply = await ask(asked);
      t.deepEqual([reply.status, cacheOf(reply)], [status, 'MISS']);
    }
});

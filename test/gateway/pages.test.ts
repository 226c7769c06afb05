// How the pages for people are served.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { BuiltPages, type PagesList } from '../../gateway/pages/built-pages.ts';
import { pagePolicy } from '../../gateway/pages/page-policy.ts';
import { startFixture } from './fixture.ts';

const HTML = '<!doctype html><title>shop</title>';
const SCRIPT = 'console.log("shop")';

function built(): { folder: string; pages: BuiltPages; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'livedrops-pages-'));
  mkdirSync(join(folder, 'assets'));
  for (const [file, content] of [
    ['index.html', HTML],
    ['assets/shop-1.js', SCRIPT],
  ] as const) {
    writeFileSync(join(folder, file), content);
    writeFileSync(join(folder, `${file}.gz`), gzipSync(content));
    writeFileSync(join(folder, `${file}.br`), brotliCompressSync(content));
  }
  const list: PagesList = {
    apps: [
      {
        paths: ['/', '/drops/{id}'],
        html: {
          path: '/index.html',
          file: 'index.html',
          mediaType: 'text/html; charset=utf-8',
          version: 'h1',
          isImmutable: false,
        },
        isInternal: false,
        takesPayments: false,
      },
    ],
    files: [
      {
        path: '/assets/shop-1.js',
        file: 'assets/shop-1.js',
        mediaType: 'text/javascript; charset=utf-8',
        version: 's1',
        isImmutable: true,
      },
    ],
  };
  writeFileSync(join(folder, 'pages.json'), JSON.stringify(list));
  return {
    folder,
    pages: BuiltPages.open(folder)!,
    remove: () => rmSync(folder, { recursive: true }),
  };
}

async function serve(t: ExecutionContext, pages: BuiltPages): Promise<string> {
  return `http://127.0.0.1:${(await startFixture(t, { pages })).port}`;
}

test('U4: HTML is asked for again each time, hashed files are kept for a year', async (t) => {
  const { pages, remove } = built();
  t.teardown(remove);
  const url = await serve(t, pages);
  for (const path of ['/', '/drops/d_1', '/?utm_source=mail']) {
    const page = await fetch(`${url}${path}`);
    t.is(page.status, 200, path);
    t.is(await page.text(), HTML);
    t.is(page.headers.get('cache-control'), 'no-cache');
    t.is(page.headers.get('content-security-policy'), pagePolicy({ mediaOrigin: null }));
    t.is(page.headers.get('x-content-type-options'), 'nosniff');
  }
  const script = await fetch(`${url}/assets/shop-1.js`);
  t.is(await script.text(), SCRIPT);
  t.is(script.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  const known = await fetch(`${url}/`, { headers: { 'if-none-match': 'W/"h1"' } });
  t.is(known.status, 304);
});

test('U4: each client gets the best form that it takes', async (t) => {
  const { pages, remove } = built();
  t.teardown(remove);
  const url = await serve(t, pages);
  for (const [accepted, encoding] of [
    ['br, gzip', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['identity', null],
  ] as const) {
    const headers = { 'accept-encoding': accepted };
    const script = await fetch(`${url}/assets/shop-1.js`, { headers });
    t.is(script.headers.get('content-encoding'), encoding, accepted);
    t.is(script.headers.get('vary'), 'accept-encoding');
    t.is(await script.text(), SCRIPT, accepted);
  }
});

test('U4: pages that are built again are served as they were at the start', async (t) => {
  const { folder, pages, remove } = built();
  const url = await serve(t, pages);
  writeFileSync(join(folder, 'index.html'), 'of the next version');
  rmSync(join(folder, 'assets'), { recursive: true });
  t.is(BuiltPages.open(folder), null, 'not whole');
  remove();
  t.is(BuiltPages.open(folder), null, 'nothing');
  for (const encoding of ['br', 'gzip', 'identity']) {
    const headers = { 'accept-encoding': encoding };
    t.is(await (await fetch(`${url}/`, { headers })).text(), HTML);
    t.is(await (await fetch(`${url}/assets/shop-1.js`, { headers })).text(), SCRIPT);
  }
});

test('U4: pages are no part of the description, and 404 and 405 stay what they are', async (t) => {
  const { pages, remove } = built();
  t.teardown(remove);
  const url = await serve(t, pages);
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as {
    paths: Record<string, unknown>;
  };
  t.false('/' in paths || '/drops/{id}' in paths);
  t.is((await fetch(`${url}/drops/d_1/other`)).status, 404);
  t.is((await fetch(`${url}/drops/d_1`, { method: 'POST' })).status, 405);
});

test('U4: the policy has nothing inline, no eval, and one foreign origin at most', (t) => {
  const directives = new Map(
    pagePolicy({ mediaOrigin: 'https://media.example' })
      .split('; ')
      .map((directive) => {
        const [name = '', ...values] = directive.split(' ');
        return [name, values];
      }),
  );
  t.deepEqual(directives.get('script-src'), ["'self'"]);
  t.deepEqual(directives.get('style-src'), ["'self'"]);
  t.deepEqual(directives.get('connect-src'), ["'self'", 'https://media.example']);
  t.deepEqual(directives.get('require-trusted-types-for'), ["'script'"]);
  t.notRegex(pagePolicy({ mediaOrigin: 'https://media.example' }), /unsafe|\*/);
});

test('U4: a page connects to the origin of pictures at once, where there is one', async (t) => {
  const { pages, remove } = built();
  t.teardown(remove);
  for (const [origin, link] of [
    ['https://media.example', '<https://media.example>; rel=preconnect'],
    [null, null],
  ] as const) {
    const media = { origin: () => origin, sign: () => null };
    const { port } = await startFixture(t, { pages, media });
    t.is((await fetch(`http://127.0.0.1:${port}/`)).headers.get('link'), link);
  }
});

test('U4: Stripe is allowed on the page that takes payments alone, and where it takes them', async (t) => {
  const { pages, remove } = built();
  t.teardown(remove);
  const [shop] = pages.list.apps;
  const list = { ...pages.list, apps: [shop!, { ...shop!, paths: ['/pay'], takesPayments: true }] };
  const withPayments = Object.assign(Object.create(pages) as BuiltPages, { list });
  withPayments.content = (file, accepted) => pages.content(file, accepted);
  for (const [paymentProvider, isAllowed] of [
    ['stripe', true],
    ['development', false],
  ] as const) {
    const { port } = await startFixture(t, { pages: withPayments, paymentProvider });
    const policyOf = async (path: string) =>
      (await fetch(`http://127.0.0.1:${port}${path}`)).headers.get('content-security-policy') ?? '';
    t.notRegex(await policyOf('/'), /stripe/);
    const policy = await policyOf('/pay');
    t.is(/script-src 'self' https:\/\/js\.stripe\.com/.test(policy), isAllowed);
    t.true(policy.includes("require-trusted-types-for 'script'"));
    t.notRegex(policy, /unsafe/);
    const door = `http://127.0.0.1:${port}/v1/orders/d_1-0/development-payment`;
    t.is((await fetch(door, { method: 'POST' })).status, isAllowed ? 404 : 401);
  }
});

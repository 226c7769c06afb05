// The pages of the documentation and what they load, as HTTP sees them. What a browser makes of
// them is in test/browser/.

import test, { type ExecutionContext } from 'ava';
import { PROBLEMS } from '../../gateway/http/problems.ts';
import { render } from '../../gateway/docs/guides.ts';
import { startFixture } from './fixture.ts';

const WITH_SCRIPTS = ['/docs/rest', '/docs/graphql'];
const PATHS = [
  '/docs',
  ...WITH_SCRIPTS,
  '/docs/live',
  '/docs/guides/live',
  '/docs/guides/webhooks',
];

/**
 * Over `fetch`, which reads bytes of any kind, and decodes nothing when it is asked for nothing.
 */
async function started(t: ExecutionContext) {
  const fixture = await startFixture(t);
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${fixture.port}${path}`, { headers });
  return { fixture, get };
}

test('G5: the pages load nothing from elsewhere, and only those to try have scripts', async (t) => {
  const { get } = await started(t);
  for (const path of PATHS) {
    const reply = await get(path);
    t.is(reply.status, 200, path);
    const policy = reply.headers.get('content-security-policy')!;
    t.true(policy.startsWith("default-src 'none'"), path);
    t.notRegex(policy, /unsafe|https?:|\*/);
    t.is(policy.includes('script-src'), WITH_SCRIPTS.includes(path), path);
    const html = await reply.text();
    t.notRegex(html, /<(?:link|script)[^>]*https?:/);
    t.notRegex(html, /<style|<script>| style="| on[a-z]+="/);
    t.is((await get(path, { 'if-none-match': reply.headers.get('etag')! })).status, 304, path);
  }
  t.is((await get('/docs/guides/nothing')).status, 404);
});

test('G5: what a page loads is compressed, tagged, and immutable under its version', async (t) => {
  const { fixture, get } = await started(t);
  const html = await (await get('/docs/rest')).text();
  const addresses = [...html.matchAll(/(?:src|href)="(\/docs\/assets\/[^"]+)"/g)].map(
    ([, address]) => address!,
  );
  t.is(addresses.length, 5);
  for (const address of addresses) {
    const plain = await get(address, { 'accept-encoding': 'identity' });
    t.deepEqual([plain.status, plain.headers.get('content-encoding')], [200, null], address);
    t.regex(plain.headers.get('content-type')!, /^text\/(?:css|javascript); charset=utf-8$/);
    t.is(plain.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    t.is(plain.headers.get('vary'), 'accept-encoding');
    const text = await plain.text();
    const packed = await get(address, { 'accept-encoding': 'br;q=1, gzip;q=0.5' });
    t.is(packed.headers.get('content-encoding'), 'gzip');
    t.true(Number(packed.headers.get('content-length')) < Math.max(1_000, text.length / 3));
    t.is(await packed.text(), text);
    const etag = plain.headers.get('etag')!;
    t.is(packed.headers.get('etag'), etag);
    t.is((await get(address, { 'if-none-match': etag })).status, 304);
    const none = await get(address, { 'accept-encoding': 'gzip;q=0' });
    t.is(none.headers.get('content-encoding'), null);
    await none.arrayBuffer();

    // A page of another version asks for what its own node has.
    const other = await get(address.replace(/[0-9a-f]+$/, 'abc123'));
    t.deepEqual([other.status, other.headers.get('cache-control')], [200, 'no-cache']);
    t.is(await other.text(), text);
    const head = await fixture.request('HEAD', address, { headers: { 'accept-encoding': 'gzip' } });
    t.is(head.headers.get('content-length'), packed.headers.get('content-length')!);
  }
  for (const id of ['nothing-abc123', 'swagger-ui-script', 'docs-style-', '-abc123'])
    t.is((await get(`/docs/assets/${id}`)).status, 404, id);
});

test('H2: the type of each problem leads to its line at /docs', async (t) => {
  const { fixture, get } = await started(t);
  const html = await (await get('/docs')).text();
  for (const code of Object.keys(PROBLEMS)) t.true(html.includes(`id="${code}"`), code);
  const { type } = (await fixture.request('GET', '/nowhere')).json;
  t.is(type, '/docs#not-found');
});

test('G5: /docs/live shows every channel and message of AsyncAPI', async (t) => {
  const { fixture, get } = await started(t);
  const { channels } = (await fixture.request('GET', '/asyncapi.json')).json as {
    channels: Record<string, { address: string; messages: object }>;
  };
  const html = await (await get('/docs/live')).text();
  for (const [name, { address, messages }] of Object.entries(channels)) {
    t.true(html.includes(`<h2 id="${name}"><code>${address}</code></h2>`), name);
    for (const message of Object.keys(messages))
      t.true(html.includes(`<details id="${name}-${message}">`), `${name} ${message}`);
  }
  t.regex(html, /free: integer/);
  t.regex(html, /<td><code>4001<\/code><\/td><td>token expired<\/td><td>yes<\/td>/);
});

test('G5: guides link to each other and to headings; nothing in them becomes HTML', (t) => {
  const { title, body } = render(
    [
      '# The `stream`',
      '## The token',
      '## The token',
      '[a](LIVE.md#the-token) [b](SPEC.md) [c](https://example.com/?a=1&b="2") ' +
        '[d](#the-token) [e](../sdk/README.md)',
      '<script>alert(1)</script> and <b>this</b>',
      '```sh\ncurl "<x>"\n```',
      '| a | b |\n|---|---|\n| `<i>` | 1 |',
    ].join('\n\n'),
    'docs/CHANGES.md',
  );
  t.is(title, 'The `stream`');
  for (const part of [
    '<h1 id="the-stream">The <code>stream</code></h1>',
    '<h2 id="the-token">',
    '<h2 id="the-token-1">',
    '<a href="/docs/guides/live#the-token">a</a> b <a href="https://example.com/',
    '<a href="#the-token">d</a> <a href="/docs/guides/sdk">e</a>',
    '&lt;script&gt;alert(1)&lt;/script&gt;',
    '&lt;b&gt;this&lt;/b&gt;',
    'curl &quot;&lt;x&gt;&quot;',
    '<td><code>&lt;i&gt;</code></td>',
  ]) {
    t.true(body.includes(part), `${part} is not in ${body}`);
  }
  t.false(/<script|<b>|"2"/.test(body), body);
});

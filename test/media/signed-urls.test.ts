import { randomBytes } from 'node:crypto';
import test from 'ava';
import * as fc from 'fast-check';
import { type UrlKey, UrlSigner } from '../../media/delivery/signed-urls.ts';

const NOW = 1_700_000_000;
const PATH = `/m/${'a'.repeat(64)}/w640-1.webp`;
const key = (id: string): UrlKey => ({ id, secret: randomBytes(32) });
const [k1, k2, k3] = [key('k1'), key('k2'), key('k3')];

function check(signer: UrlSigner, url: string, now = NOW) {
  const [path = '', query] = url.split('?');
  return signer.check(path, new URLSearchParams(query), now);
}

test('M2: a signed URL is good until its end, and not a second longer', (t) => {
  const signer = new UrlSigner([k1]);
  const url = signer.sign(PATH, NOW, 600);
  const good = check(signer, url);
  if (good.kind !== 'good') return t.fail(good.kind);
  t.true(good.expiresAt >= NOW + 600 && good.expiresAt < NOW + 600 + 3_600);
  t.is(check(signer, url, good.expiresAt - 1).kind, 'good');
  t.is(check(signer, url, good.expiresAt).kind, 'expired');
});

test('M2: a URL stays the same for a while, so that caches know it again', (t) => {
  const signer = new UrlSigner([k1]);
  const hour = Math.ceil(NOW / 3_600) * 3_600;
  t.is(signer.sign(PATH, hour + 1, 60), signer.sign(PATH, hour + 3_000, 60));
});

test('M2: keys rotate: a new one signs, an older one is good while it is listed', (t) => {
  const before = new UrlSigner([k1]);
  const url = before.sign(PATH, NOW, 600);
  t.regex(url, /[?&]key=k1&/);
  const during = new UrlSigner([k2, k1]);
  t.is(check(during, url).kind, 'good');
  t.regex(during.sign(PATH, NOW, 600), /[?&]key=k2&/);
  t.is(check(new UrlSigner([k3, k2]), url).kind, 'bad');
  const other: UrlKey = { id: 'k1', secret: randomBytes(32) };
  t.is(check(new UrlSigner([other]), url).kind, 'bad');
});

test('M2: a signature holds for one path, end and key only, and any other text is refused', (t) => {
  const signer = new UrlSigner([k1, k2]);
  const url = signer.sign(PATH, NOW, 600);
  const changes: Record<string, string> = {
    'another size': url.replace('w640', 'w160'),
    'another format': url.replace('.webp', '.avif'),
    'a later end': url.replace(/expires=(\d+)/, (_, end) => `expires=${Number(end) + 1}`),
    'an end as another text': url.replace('expires=', 'expires=0'),
    'another key': url.replace('key=k1', 'key=k2'),
    'a key that is not there': url.replace('key=k1', 'key=k9'),
    'half of the signature': url.slice(0, -20),
    'no signature': url.replace(/&signature=.*/, ''),
    'an empty one': url.replace(/signature=.*/, 'signature='),
    'one more parameter': `${url}&w=100`,
    'one twice': `${url}&key=k1`,
  };
  for (const [name, changed] of Object.entries(changes)) {
    t.not(changed, url, name);
    t.is(check(signer, changed).kind, 'bad', name);
  }
  t.is(check(signer, PATH).kind, 'unsigned');
  t.is(check(signer, `${PATH}?width=100`).kind, 'bad');
});

test('M2: no query makes the check throw', (t) => {
  const signer = new UrlSigner([k1]);
  fc.assert(
    fc.property(fc.string(), fc.string(), (end, signature) => {
      const query = new URLSearchParams({ expires: end, key: 'k1', signature });
      return signer.check(PATH, query, NOW).kind === 'bad';
    }),
  );
  t.pass();
});

test('M2: keys that are none are refused at the start', (t) => {
  t.throws(() => new UrlSigner([]));
  t.throws(() => new UrlSigner([{ id: 'k1', secret: Buffer.alloc(16) }]));
  t.throws(() => new UrlSigner([{ id: 'K 1', secret: Buffer.alloc(32) }]));
  t.throws(() => new UrlSigner([k1, { ...k2, id: 'k1' }]));
});

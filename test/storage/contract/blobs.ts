// What every driver of blobs must do. Each test has a folder of keys of its own.

import { createHash, randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { type Blobs, BLOBS_PER_PAGE } from '../../../storage/ports/blobs.ts';
import { failsWith } from './errors.ts';

const bytesMax = 64 * 1024 * 1024;
const folder = () => `test-${randomUUID()}/`;

async function* chunks(...texts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}

/** Bytes that differ everywhere, in chunks of 64 KiB. */
async function* large(bytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes; at += 65_536) {
    const chunk = Buffer.alloc(Math.min(65_536, bytes - at));
    for (let i = 0; i + 4 <= chunk.length; i += 4) chunk.writeUInt32BE(at + i, i);
    yield await Promise.resolve(chunk);
  }
}

/** What the server behind a driver can do, beside the rest. */
interface Abilities {
  readonly conditionalWrites: boolean;
  readonly pages: boolean;
}

export function blobsContract(blobs: () => Blobs, { conditionalWrites, pages }: Abilities): void {
  async function read(t: ExecutionContext, key: string, range?: [number, number]): Promise<Buffer> {
    const [first, last] = range ?? [];
    const found = await blobs().get(key, range && { first: first!, last: last! });
    t.not(found, null);
    return await buffer(found!.body);
  }

  test('M2: a blob is read as it was written, whole and in ranges', async (t) => {
    const key = `${folder()}a.webp`;
    t.is(await blobs().head(key), null);
    t.is(await blobs().get(key), null);
    const body = chunks('hello, ', '', 'world');
    const written = await blobs().put(key, body, { bytesMax, type: 'image/webp' });
    const sha256 = createHash('sha256').update('hello, world').digest('hex');
    t.deepEqual(written, { bytes: 12, sha256 });
    const head = await blobs().head(key);
    t.deepEqual({ ...head, writtenAt: 0 }, { key, bytes: 12, writtenAt: 0 });
    t.true(Math.abs(head!.writtenAt - Date.now()) < 600_000);
    t.is((await read(t, key)).toString(), 'hello, world');
    t.is((await read(t, key, [0, 1])).toString(), 'he');
    t.is((await read(t, key, [4, 4])).toString(), 'o');
    t.is((await read(t, key, [7, 11])).toString(), 'world');
    t.is(
      (await blobs()
        .get(key, { first: 2, last: 3 })
        .then((r) => (r?.body.destroy(), r)))!.bytes,
      12,
    );
  });

  test('M2: a range that is not within the blob is an error', async (t) => {
    const key = `${folder()}a`;
    await blobs().put(key, chunks('12345'), { bytesMax });
    for (const [first, last] of [
      [5, 5],
      [0, 5],
      [3, 2],
      [-1, 2],
    ] as const) {
      const error = await t.throwsAsync(blobs().get(key, { first, last }));
      t.true(error instanceof RangeError);
    }
  });

  test('M2: an empty blob is there', async (t) => {
    const key = `${folder()}empty`;
    t.is((await blobs().put(key, chunks(), { bytesMax })).bytes, 0);
    t.is((await blobs().head(key))!.bytes, 0);
    t.is((await read(t, key)).length, 0);
  });

  test('M2: a large blob goes through in parts, and comes back the same', async (t) => {
    const key = `${folder()}large`;
    const bytes = 21 * 1024 * 1024 + 5;
    const written = await blobs().put(key, large(bytes), { bytesMax });
    t.is(written.bytes, bytes);
    const hash = createHash('sha256');
    for await (const chunk of (await blobs().get(key))!.body) hash.update(chunk as Buffer);
    t.is(hash.digest('hex'), written.sha256);
    const range = await read(t, key, [16 * 1024 * 1024, 16 * 1024 * 1024 + 7]);
    t.deepEqual([range.readUInt32BE(0), range.readUInt32BE(4)], [16_777_216, 16_777_220]);
  });

  test('M2: small blobs are written together, and those that are there stay', async (t) => {
    const at = folder();
    const keys = ['a', 'b/c', 'd'].map((name) => `${at}${name}`);
    const blobsOf = (text: string) => keys.map((key) => ({ key, bytes: Buffer.from(text) }));
    await blobs().put(keys[1]!, chunks('there'), { bytesMax });
    t.deepEqual(await blobs().putSmall(blobsOf('small')), [keys[1]]);
    t.deepEqual(await blobs().putSmall(blobsOf('later')), keys);
    t.deepEqual(await blobs().putSmall([]), []);
    const found = await Promise.all(keys.map((key) => read(t, key)));
    t.deepEqual(found.map(String), ['small', 'there', 'small']);
    await failsWith(t, 'conflict', blobs().put(keys[0]!, chunks('small'), { bytesMax }));
    t.deepEqual(
      (await blobs().list(at)).map(({ key }) => key),
      keys,
    );
  });

  test('M2: a blob is written once: a second writer gets conflict, and nothing changes', async (t) => {
    const key = `${folder()}once`;
    await blobs().put(key, chunks('one'), { bytesMax });
    await failsWith(t, 'conflict', blobs().put(key, chunks('two'), { bytesMax }));
    await failsWith(t, 'conflict', blobs().put(key, chunks('one'), { bytesMax }));
    t.is((await read(t, key)).toString(), 'one');
    await blobs().delete(key);
    await blobs().put(key, chunks('three'), { bytesMax });
    t.is((await read(t, key)).toString(), 'three');
  });

  (conditionalWrites ? test : test.skip)(
    'M2: of writers of one key at the same time one wins, and the others are told',
    async (t) => {
      const key = `${folder()}raced`;
      const names = Array.from({ length: 8 }, (_, i) => `writer ${i}`);
      const ends = await Promise.allSettled(
        names.map((name) => blobs().put(key, chunks(name), { bytesMax })),
      );
      const won = names.filter((_, i) => ends[i]!.status === 'fulfilled');
      t.is(won.length, 1);
      for (const end of ends)
        if (end.status === 'rejected') t.is((end.reason as { code: string }).code, 'conflict');
      t.deepEqual([(await read(t, key)).toString()], won);
    },
  );

  test('M2: a body that fails, or is too large, stores nothing', async (t) => {
    const key = `${folder()}none`;
    async function* failing(bytes: number) {
      yield* large(bytes);
      throw Object.assign(new Error('the client went away'), { code: 'gone' });
    }
    for (const bytes of [10, 12 * 1024 * 1024])
      await failsWith(t, 'gone', blobs().put(key, failing(bytes), { bytesMax }));
    await failsWith(t, 'too-large', blobs().put(key, chunks('12345'), { bytesMax: 4 }));
    await failsWith(t, 'too-large', blobs().put(key, large(12_000_000), { bytesMax: 11_000_000 }));
    t.is(await blobs().head(key), null);
    t.is((await blobs().put(key, chunks('1234'), { bytesMax: 4 })).bytes, 4);
  });

  test('M2: what was deleted is gone, and may be deleted again', async (t) => {
    const at = folder();
    await blobs().put(`${at}a/x`, chunks('x'), { bytesMax });
    await blobs().delete(`${at}a/x`);
    await blobs().delete(`${at}a/x`);
    await blobs().delete(`${at}never/there`);
    t.is(await blobs().get(`${at}a/x`), null);
    t.deepEqual(await blobs().list(at), []);
  });

  test('M2: blobs are listed in the order of their keys, behind a key, below a folder', async (t) => {
    const at = folder();
    const names = ['a', 'b/c/d', 'b/x', 'b1', 'b2.webp', 'c/y'];
    for (const name of names.toReversed())
      await blobs().put(`${at}${name}`, chunks(name), { bytesMax });
    const listed = async (prefix: string, after?: string) =>
      (await blobs().list(prefix, after)).map(({ key }) => key.slice(at.length));
    t.deepEqual(await listed(at), names);
    t.deepEqual(await listed(at, `${at}a`), names.slice(1));
    t.deepEqual(await listed(at, `${at}b/c/d`), names.slice(2));
    t.deepEqual(await listed(at, `${at}b/w`), names.slice(2));
    t.deepEqual(await listed(at, `${at}c/y`), []);
    t.deepEqual(await listed(`${at}b/`), ['b/c/d', 'b/x']);
    t.deepEqual(await listed(`${at}nothing/`), []);
    const [first] = await blobs().list(`${at}b/`);
    t.deepEqual({ ...first, writtenAt: 0 }, { key: `${at}b/c/d`, bytes: 5, writtenAt: 0 });
  });

  (pages ? test : test.skip)('M2: a list has pages', async (t) => {
    const at = folder();
    const count = BLOBS_PER_PAGE + 3;
    const keys = Array.from({ length: count }, (_, i) => `${at}${String(i).padStart(5, '0')}`);
    for (let i = 0; i < count; i += 50)
      await Promise.all(
        keys.slice(i, i + 50).map((key) => blobs().put(key, chunks('x'), { bytesMax })),
      );
    const first = await blobs().list(at);
    t.is(first.length, BLOBS_PER_PAGE);
    const rest = await blobs().list(at, first.at(-1)!.key);
    t.deepEqual(
      [...first, ...rest].map(({ key }) => key),
      keys,
    );
  });

  test('M2: unfinished writes are removed, finished ones stay', async (t) => {
    const key = `${folder()}kept`;
    await blobs().put(key, large(12_000_000), { bytesMax });
    await blobs().removeUnfinished(Date.now() - 600_000);
    t.is((await blobs().head(key))!.bytes, 12_000_000);
  });

  test('M2: names that could lead elsewhere are no keys', async (t) => {
    for (const key of ['', '../x', 'a/../b', '/a', 'a//b', 'a/', 'A', '.hidden', 'a/b/c/d/e'])
      await t.throwsAsync(async () => await blobs().head(key), undefined, key);
  });
}

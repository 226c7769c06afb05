// Blobs in a folder: the contract, and what only files can do.

import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import test from 'ava';
import { FolderBlobs } from '../../storage/blobs/blobs-folder.ts';
import { syncFolder } from '../../storage/files.ts';
import { blobsContract } from './contract/blobs.ts';
import { failsWith } from './contract/errors.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

const folder = temporaryDirectory();
const blobs = new FolderBlobs({ folder, create: true });
test.after.always(() => removeDirectory(folder));

blobsContract(() => blobs, { conditionalWrites: true, pages: true });

async function* text(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield await Promise.resolve(Buffer.from(part));
}

test('M2: the first byte alone is a range', async (t) => {
  await blobs.put('first/byte', text('hello'), { bytesMax: 5 });
  t.is(
    (await buffer((await blobs.get('first/byte', { first: 0, last: 0 }))!.body)).toString(),
    'h',
  );
});

test('M2: keys are in the order of their characters, a slash among them', async (t) => {
  const names = ['b-1', 'b.1', 'b/c/d', 'b/x', 'b1'];
  for (const name of names.toReversed())
    await blobs.put(`order/${name}`, text(name), { bytesMax: 9 });
  const listed = async (after?: string) =>
    (await blobs.list('order/', after)).map(({ key }) => key.slice('order/'.length));
  t.deepEqual(await listed(), names);
  t.deepEqual(await listed('order/b.1'), names.slice(2));
  t.deepEqual(await listed('order/b/c/d'), names.slice(3));
});

test('M2: what a killed process left unfinished is removed when it is old', async (t) => {
  const own = temporaryDirectory();
  t.teardown(() => removeDirectory(own));
  const there = new FolderBlobs({ folder: own, create: true });
  const unfinished = join(own, '.unfinished');
  mkdirSync(unfinished);
  for (const name of ['old', 'new']) writeFileSync(join(unfinished, name), 'half');
  utimesSync(join(unfinished, 'old'), 1_000, 1_000);
  t.deepEqual(await there.list(''), []);
  await there.removeUnfinished(2_000_000);
  t.deepEqual(readdirSync(unfinished), ['new']);
});

test('M2: the last blob of a folder takes the folder with it', async (t) => {
  await blobs.put('alone/in/folder', text('x'), { bytesMax: 1 });
  await blobs.delete('alone/in/folder');
  t.false(readdirSync(folder).includes('alone'));
});

test('M2: a folder that is made again in the place of one is told from it', async (t) => {
  const own = join(folder, 'made-again');
  mkdirSync(own);
  const first = await syncFolder(own);
  t.is(await syncFolder(own), first);
  await blobs.put('made-again/blob', text('x'), { bytesMax: 1 });
  t.is(await syncFolder(own), first, 'its names do not count');
  await blobs.delete('made-again/blob');
  await blobs.put('made-again/blob', text('x'), { bytesMax: 1 });
  t.not(await syncFolder(own), first);
});

test('M2: a shared folder that is not there is an error, and is not created', async (t) => {
  const missing = join(folder, 'not-mounted');
  const shared = new FolderBlobs({ folder: missing, create: false });
  await failsWith(t, 'store-unavailable', shared.head('a'));
  await failsWith(t, 'store-unavailable', shared.list(''));
  await failsWith(t, 'store-unavailable', shared.put('a', text('a'), { bytesMax: 1 }));
  t.false(readdirSync(folder).includes('not-mounted'));
});

test('M2: what would fill the disk is refused, and leaves nothing behind', async (t) => {
  const own = temporaryDirectory();
  t.teardown(() => removeDirectory(own));
  const full = new FolderBlobs({ folder: own, create: true, freeBytesMin: Number.MAX_VALUE });
  await t.throwsAsync(full.put('a/b', text('hello'), { bytesMax: 5 }), {
    code: 'store-unavailable',
    message: /no room/,
  });
  t.is(await full.head('a/b'), null);
  t.deepEqual(readdirSync(join(own, '.unfinished')), []);
});

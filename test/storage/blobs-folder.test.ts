// Blobs in a folder: the contract, and what only files can do.

import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { FolderBlobs } from '../../storage/blobs/blobs-folder.ts';
import { blobsContract } from './contract/blobs.ts';
import { failsWith } from './contract/errors.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

const folder = temporaryDirectory();
const blobs = new FolderBlobs({ folder, create: true });
test.after.always(() => removeDirectory(folder));

blobsContract(() => blobs);

async function* text(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield await Promise.resolve(Buffer.from(part));
}

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

test('M2: a shared folder that is not there is an error, and is not created', async (t) => {
  const missing = join(folder, 'not-mounted');
  const shared = new FolderBlobs({ folder: missing, create: false });
  await failsWith(t, 'store-unavailable', shared.head('a'));
  await failsWith(t, 'store-unavailable', shared.list(''));
  await failsWith(t, 'store-unavailable', shared.put('a', text('a'), { bytesMax: 1 }));
  t.false(readdirSync(folder).includes('not-mounted'));
});

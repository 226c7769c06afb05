// The archive in a folder: the contract, and what only files can do.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { FolderArchive } from '../../storage/archive/archive-folder.ts';
import { archiveContract } from './contract/archive.ts';
import { failsWith } from './contract/errors.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

const folder = temporaryDirectory();
const archive = new FolderArchive({ folder, create: true });
test.after.always(() => removeDirectory(folder));

archiveContract(() => archive);

test('J8: a file that a killed process did not finish is no segment, and is removed', async (t) => {
  const shard = 900;
  mkdirSync(join(folder, String(shard)));
  const partial = join(folder, String(shard), '0000000000000001.segment.node-2.partial');
  writeFileSync(partial, 'half');
  t.deepEqual((await archive.list(shard)).segments, []);
  await archive.write(shard, 1, Buffer.from('whole'));
  t.deepEqual(readdirSync(join(folder, String(shard))), ['0000000000000001.segment']);
});

test('a shared folder that is not there is an error, not an empty archive', async (t) => {
  const missing = join(folder, 'not-mounted');
  const shared = new FolderArchive({ folder: missing, create: false });
  await failsWith(t, 'store-unavailable', shared.list(1));
  await failsWith(t, 'store-unavailable', shared.read(1, 1));
  await failsWith(t, 'store-unavailable', shared.write(1, 1, Buffer.from('one')));
  t.false(readdirSync(folder).includes('not-mounted'));
});

test('an archive that ends while it is written to says so by its code', async (t) => {
  const own = temporaryDirectory();
  t.teardown(() => removeDirectory(own));
  const gone = new FolderArchive({ folder: own, create: false });
  await gone.write(1, 1, Buffer.from('one'));
  rmSync(own, { recursive: true });
  await failsWith(t, 'store-unavailable', gone.write(1, 2, Buffer.from('two')));
});

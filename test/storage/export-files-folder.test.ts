// Export files in a folder: the contract, and what only files can do.

import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { FolderExportFiles } from '../../storage/exports/export-files-folder.ts';
import { failsWith } from './contract/errors.ts';
import { exportFilesContract } from './contract/export-files.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

const above = temporaryDirectory();
const folder = join(above, 'exports');
const files = new FolderExportFiles({ folder, create: true });
test.after.always(() => removeDirectory(above));

exportFilesContract(() => files);

test('O9a: files are read by their owner alone', async (t) => {
  await files.write('j_mode', '1-0', Buffer.from('x'));
  t.is(statSync(join(folder, 'j_mode')).mode & 0o777, 0o700);
  t.is(statSync(join(folder, 'j_mode', '1-0.part')).mode & 0o777, 0o600);
});

test('O9a: no name leads out of the folder', async (t) => {
  for (const name of ['..', 'a/b', '', '.x', 'x'.repeat(200)]) {
    await t.throwsAsync(files.write(name, '1-0', Buffer.from('x')), { message: /names no/ });
    await t.throwsAsync(files.read('j_1', name), { message: /names no/ });
    await t.throwsAsync(files.remove(name), { message: /names no/ });
  }
  t.deepEqual(readdirSync(above), ['exports']);
});

test('a shared folder that is not there is an error, and is not made', async (t) => {
  const missing = join(above, 'exports', '.not-mounted');
  const shared = new FolderExportFiles({ folder: missing, create: false });
  await failsWith(t, 'store-unavailable', shared.write('j_1', '1-0', Buffer.from('x')));
  await failsWith(t, 'store-unavailable', shared.read('j_1', '1-0'));
  await failsWith(t, 'store-unavailable', shared.list());
  await failsWith(t, 'store-unavailable', shared.remove('j_1'));
  t.false(readdirSync(folder).includes('.not-mounted'));
  mkdirSync(missing);
  await shared.write('j_1', '1-0', Buffer.from('x'));
  t.deepEqual(await shared.list(), [{ id: 'j_1', bytes: 1 }]);
});

// What every driver of export files must do. Each test has exports of its own.

import test from 'ava';
import type { ExportFiles } from '../../../storage/ports/export-files.ts';

const bytes = (text: string): Buffer => Buffer.from(text);

export function exportFilesContract(files: () => ExportFiles): void {
  test('O9a: parts are read as they were written, and none is made up', async (t) => {
    await files().write('j_read', '1-0', bytes('zero'));
    await files().write('j_read', '1-1', Buffer.alloc(300_000, 7));
    t.deepEqual(Buffer.from((await files().read('j_read', '1-0'))!), bytes('zero'));
    t.is((await files().read('j_read', '1-1'))!.length, 300_000);
    t.is(await files().read('j_read', '2-0'), null);
    t.is(await files().read('j_none', '1-0'), null);
  });

  test('O9a: a part that is written again takes the place of the first one', async (t) => {
    await files().write('j_again', '1-0', bytes('a longer text'));
    await files().write('j_again', '1-0', bytes('short'));
    t.deepEqual(Buffer.from((await files().read('j_again', '1-0'))!), bytes('short'));
    const stored = (await files().list()).find(({ id }) => id === 'j_again');
    t.deepEqual(stored, { id: 'j_again', bytes: 5 });
  });

  test('O9a: all exports are listed with their bytes, until they are removed', async (t) => {
    await files().write('j_list', '1-0', bytes('123'));
    await files().write('j_list', '2-0', bytes('4567'));
    const find = async () => (await files().list()).find(({ id }) => id === 'j_list');
    t.deepEqual(await find(), { id: 'j_list', bytes: 7 });
    await files().remove('j_list');
    await files().remove('j_list');
    t.is(await find(), undefined);
    t.is(await files().read('j_list', '1-0'), null);
  });
}

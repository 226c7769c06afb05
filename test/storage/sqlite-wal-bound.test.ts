// How often commits wait for readers of a log that is past its bound.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { WalBound } from '../../storage/sqlite/thread/database.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

test('J7: a reader that lasts, such as a backup, is waited for more and more rarely', (t) => {
  const directory = temporaryDirectory();
  t.teardown(() => removeDirectory(directory));
  const file = join(directory, 'journal.db');
  let waits = 0;
  let busy = 1;
  const pragma = () => {
    waits += 1;
    return [{ busy, log: 0, checkpointed: 0 }];
  };
  const bound = new WalBound({ database: { pragma }, file, walBytesMax: 1_000 });
  const commit = (count: number) => {
    waits = 0;
    for (let i = 0; i < count; i++) bound.committed();
    return waits;
  };
  writeFileSync(`${file}-wal`, Buffer.alloc(900));
  t.is(commit(1_000), 0);
  writeFileSync(`${file}-wal`, Buffer.alloc(2_000));
  t.true(commit(1_000) >= 9, 'a reader that pauses soon is found soon');
  t.true(commit(10_000) <= 11);
  busy = 0;
  t.true(commit(1_100) >= 1, 'the log is cut once the reader has gone');
  busy = 1;
  t.true(commit(100) >= 4, 'and the next reader is a new one');
});

// The change stream of a process that is killed while it changes accounts, products and follows.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { ChangeFold, lineOf, readAll, scanFold } from './change-fold.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

const KILLS = 3;

function byKey(entities: ReadonlyMap<string, unknown>): [string, unknown][] {
  return [...entities].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function counts(lines: Iterable<string>): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of lines) found.set(line, (found.get(line) ?? 0) + 1);
  return found;
}

test('C1: after a kill the stream has all acknowledged changes, as the entities', async (t) => {
  const directory = temporaryDirectory();
  t.teardown(() => removeDirectory(directory));
  const script = fileURLToPath(new URL('fixtures/change-forever.ts', import.meta.url));
  const acknowledged: string[] = [];
  for (let run = 1; run <= KILLS; run++) {
    const child = spawn(process.execPath, [script, directory, String(run)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    const killAt = acknowledged.length + 1 + Math.floor(Math.random() * 400);
    t.log(`run ${run} is killed at ${killAt} acknowledged changes`);
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged.push(line);
      if (acknowledged.length === killAt) child.kill('SIGKILL');
    }
    await exited;
    const stores = await openSqliteStores({ directory });
    const records = await readAll(stores.changes);
    t.deepEqual(
      records.map(({ sequence }) => sequence),
      records.map((_, i) => i + 1),
    );
    const inStream = counts(records.map(({ change }) => lineOf(change)));
    const missing = [...counts(acknowledged)].filter(
      ([line, count]) => (inStream.get(line) ?? 0) < count,
    );
    t.deepEqual(missing, []);
    const fold = new ChangeFold();
    for (const { change } of records) fold.apply(change);
    const entities = (await scanFold(stores.changes)).entities;
    t.deepEqual(byKey(fold.entities), byKey(entities));
    t.true(entities.size > 0);
    await stores.close();
  }
});

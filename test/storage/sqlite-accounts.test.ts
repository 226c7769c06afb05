// Refresh tokens on SQLite that an older version stored.

import { join } from 'node:path';
import Database from 'better-sqlite3';
import test from 'ava';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

const NOW = 1_700_000_000_000;

test('A1a: a token that an older version used has no grace', async (t) => {
  const directory = temporaryDirectory();
  const stores = await openSqliteStores({ directory });
  t.teardown(async () => {
    await stores.close();
    removeDirectory(directory);
  });
  const expiresAt = NOW + 1_000;
  const { accounts } = stores;
  const token = { hash: 'old_1', familyId: 'family_old', userId: 'user_old', expiresAt };
  await accounts.addRefreshToken(token);
  const rotate = () => accounts.rotateRefreshToken('old_1', { hash: 'old_2', expiresAt }, NOW);
  t.is((await rotate()).result, 'rotated');
  const database = new Database(join(directory, 'catalogue.db'));
  // Older versions stored that, but not when, a token was used.
  database.prepare("update refresh_tokens set used = 1 where hash = 'old_1'").run();
  database.close();
  t.is((await rotate()).result, 'reused');
});

// What only a file can show of kept answers to requests (H11): a disk that is full between two
// writes.

import test from 'ava';
import type { Page } from '../../contracts/paging.ts';
import type { Product } from '../../contracts/products.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

const PRODUCT = { creatorId: 'c', name: 'Large', imageUrls: [], createdAt: 1, revision: 1 };
const PAGE_BYTES = 4_096;
const PAGES_MAX = 200;
const CREATOR = { creatorId: 'c' };

test('H11: wherever a full disk ends a write, neither the effect nor its answer is there', async (t) => {
  const directory = temporaryDirectory();
  const stores = await openSqliteStores({ directory });
  t.teardown(async () => {
    await stores.close();
    removeDirectory(directory);
  });
  const { catalogue } = stores;
  // The product, its answer and its record take some pages each.
  const description = 'x'.repeat(3 * PAGE_BYTES);
  const listed = async () => {
    let count = 0;
    for (let cursor: string | null = null; ; ) {
      const page: Page<Product> = await catalogue.listProducts(CREATOR, { limit: 100, cursor });
      count += page.items.length;
      cursor = page.nextCursor;
      if (cursor === null) return count;
    }
  };
  const addFor = (pages: number) =>
    catalogue.addProductOnce({ id: `r${pages}`, fingerprint: 'f', callerId: 'c' }, () => {
      return { ...PRODUCT, id: `p${pages}`, description };
    });
  const failed: number[] = [];
  let done = 0;
  for (let pages = 1; done < 3; pages++) {
    if (pages > PAGES_MAX) throw new Error('there is never room');
    await stores.limitPages('catalogue', pages);
    const before = await listed();
    const first = await addFor(pages).catch(() => null);
    if (first === null) {
      failed.push(pages);
      t.is(await listed(), before);
      continue;
    }
    done += 1;
    t.is(first.result, 'new');
    t.is((await addFor(pages)).result, 'repeated');
    t.is(await listed(), before + 1);
  }
  t.true(failed.length > 3, 'some writes had no room');
  await stores.limitPages('catalogue', 0);
  for (const pages of failed) t.is((await addFor(pages)).result, 'new');
  t.is(await listed(), done + failed.length);
});

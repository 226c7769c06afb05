// The statements of the catalogue's thread for products and the rows of drops.

import type { Database } from 'better-sqlite3';
import type { DropView } from '../../../contracts/drops.ts';
import type { Product, ProductPatch } from '../../../contracts/products.ts';
import { withStoredNames } from '../../formats/amount-names.ts';
import type { NoChange } from '../../ports/catalogue.ts';
import type { AppendChange } from './changes-statements.ts';

export interface ProductRow {
  id: string;
  creator_id: string;
  name: string;
  description: string;
  image_urls: string;
  created_at: number;
  revision: number;
}

export function productOf(row: ProductRow): Product {
  return {
    id: row.id,
    creatorId: row.creator_id,
    name: row.name,
    description: row.description,
    imageUrls: JSON.parse(row.image_urls) as string[],
    createdAt: row.created_at,
    revision: row.revision,
  };
}

export function productHandlers(database: Database, appendChange: AppendChange) {
  const addProduct = database.prepare(`
    insert into products (id, creator_id, name, description, image_urls, created_at, revision)
    values (?, ?, ?, ?, ?, ?, ?)`);
  const changeProduct = database.prepare<unknown[], ProductRow>(`
    update products set name = coalesce(?, name), description = coalesce(?, description),
      image_urls = coalesce(?, image_urls), revision = revision + 1
    where id = ? returning *`);
  const revisionOf = database
    .prepare<[string], number>('select revision from products where id = ?')
    .pluck();
  const putDrop = database.prepare(`
    insert into drops (id, product_id, creator_id, status, created_at, version, view)
    values (?, ?, ?, ?, ?, ?, ?)
    on conflict do update set status = excluded.status, version = excluded.version,
      view = excluded.view
    where excluded.version > version`);

  return {
    addProduct(product: Product): void {
      const { id, creatorId, name, description, imageUrls, createdAt, revision } = product;
      const urls = JSON.stringify(imageUrls);
      addProduct.run(id, creatorId, name, description, urls, createdAt, revision);
      appendChange({ kind: 'product', productId: id, product });
    },

    changeProduct(
      productId: string,
      change: ProductPatch,
      revisions?: readonly number[],
    ): Product | NoChange {
      if (revisions !== undefined) {
        const revision = revisionOf.get(productId);
        if (revision !== undefined && !revisions.includes(revision)) return 'other-revision';
      }
      const { name = null, description = null, imageUrls } = change;
      const urls = imageUrls === undefined ? null : JSON.stringify(imageUrls);
      const row = changeProduct.get(name, description, urls, productId);
      if (row === undefined) return 'not-found';
      const product = productOf(row);
      appendChange({ kind: 'product', productId, product });
      return product;
    },

    putDrops(views: readonly DropView[]): void {
      for (const view of views) {
        const { id, productId, creatorId, status, createdAt, version } = view;
        const text = JSON.stringify(withStoredNames(view));
        putDrop.run(id, productId, creatorId, status, createdAt, version, text);
      }
    },
  };
}

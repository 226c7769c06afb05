// The statements of the catalogue's thread for products and the rows of drops.

import type { Database } from 'better-sqlite3';
import type { DropView } from '../../../contracts/drops.ts';
import type { Metadata } from '../../../contracts/metadata.ts';
import type { Product, ProductPatch } from '../../../contracts/products.ts';
import { changedProduct } from '../../rows/changed-product.ts';
import { dropChange, isRecorded } from '../../rows/drop-summary.ts';
import { decodeDropRow, encodeDropRow } from '../../formats/drop-row.ts';
import type { NoChange } from '../../ports/catalogue.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import type { Answered } from '../../ports/requests.ts';
import type { AppendChange } from './changes-statements.ts';
import type { Once } from './requests-statements.ts';

export const DESCRIPTIONS_SCHEMA = `
  alter table products add column metadata text;
  alter table products add column external_id text;
  create index products_by_external_id on products (creator_id, external_id, created_at, id)
    where external_id is not null;
  alter table drops add column external_id text;
  create index drops_by_external_id on drops (creator_id, external_id, created_at, id)
    where external_id is not null;
`;

/**
 * No table changes, but the change stream has records of drops from here on, which versions before
 * do not know.
 */
export const DROP_RECORDS_SCHEMA = '-- records of drops';

/** From feature level 6 on: whose records versions before do not know. */
export const PRODUCT_MEDIA_SCHEMA = `
  alter table products add column media_ids text;
  alter table products add column announced integer not null default 0;
`;

/** From feature level 7 on. A page of what is listed does not pass what is not. */
export const UNLISTED_SCHEMA = `
  alter table products add column unlisted integer not null default 0;
  alter table drops add column unlisted integer not null default 0;
  drop index if exists products_by_time;
  drop index if exists products_by_creator;
  drop index if exists products_by_external_id;
  create index products_by_time on products (unlisted, created_at, id);
  create index products_by_creator on products (creator_id, unlisted, created_at, id);
  create index products_by_external_id
    on products (creator_id, external_id, unlisted, created_at, id)
    where external_id is not null;
  drop index if exists drops_by_time;
  drop index if exists drops_by_status;
  drop index if exists drops_by_creator;
  drop index if exists drops_by_creator_and_status;
  drop index if exists drops_by_product;
  drop index if exists drops_by_external_id;
  create index drops_by_time on drops (unlisted, created_at, id);
  create index drops_by_status on drops (status, unlisted, created_at, id);
  create index drops_by_creator on drops (creator_id, unlisted, created_at, id);
  create index drops_by_creator_and_status
    on drops (creator_id, status, unlisted, created_at, id);
  create index drops_by_product on drops (product_id, unlisted, created_at, id);
  create index drops_by_external_id
    on drops (creator_id, external_id, unlisted, created_at, id)
    where external_id is not null;
`;

export interface ProductRow {
  id: string;
  creator_id: string;
  name: string;
  description: string;
  image_urls: string;
  created_at: number;
  revision: number;
  /** JSON. */
  metadata: string | null;
  external_id: string | null;
  /** JSON. */
  media_ids: string | null;
  announced: number;
  unlisted: number;
}

interface DropRow {
  readonly version: number;
  readonly view: string;
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
    ...(row.metadata !== null && { metadata: JSON.parse(row.metadata) as Metadata }),
    ...(row.external_id !== null && { externalId: row.external_id }),
    ...(row.media_ids !== null && { mediaIds: JSON.parse(row.media_ids) as string[] }),
    ...(row.announced !== 0 && { announced: true as const }),
    ...(row.unlisted !== 0 && { unlisted: true as const }),
  };
}

export function productHandlers(database: Database, appendChange: AppendChange, once: Once) {
  const addProduct = database.prepare(`
    insert into products (id, creator_id, name, description, image_urls, created_at, revision,
      metadata, external_id, media_ids, unlisted)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const findProduct = database.prepare<[string], ProductRow>('select * from products where id = ?');
  const replaceProduct = database.prepare(`
    update products set name = ?, description = ?, image_urls = ?, revision = ?, metadata = ?,
      external_id = ?, media_ids = ?
    where id = ?`);
  const announceProduct = database.prepare('update products set announced = 1 where id = ?');
  const putDrop = database.prepare<unknown[]>(`
    insert into drops (id, product_id, creator_id, status, created_at, version, view, external_id,
      unlisted)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?)
    on conflict do update set status = excluded.status, version = excluded.version,
      view = excluded.view, external_id = excluded.external_id`);

  const findDrop = database.prepare<[string], DropRow>(
    'select version, view from drops where id = ?',
  );
  const removeDrop = database.prepare('delete from drops where id = ?');

  const put = (view: DropView, before: DropView | null): boolean => {
    const { id, productId, creatorId, status, createdAt, version, externalId = null } = view;
    const texts = [encodeDropRow(view), externalId];
    const isUnlisted = view.unlisted === true;
    putDrop.run(id, productId, creatorId, status, createdAt, version, ...texts, Number(isUnlisted));
    if (isUnlisted || !isRecorded(before, view)) return false;
    appendChange(dropChange(view));
    return true;
  };

  const handlers = {
    addProduct(product: Product): void {
      const { id, creatorId, name, description, createdAt, revision } = product;
      const { urls, metadata, externalId, mediaIds } = columnsOf(product);
      const texts = [id, creatorId, name, description, urls];
      const unlisted = Number(product.unlisted === true);
      addProduct.run(...texts, createdAt, revision, metadata, externalId, mediaIds, unlisted);
      appendChange({ kind: 'product', productId: id, product });
    },

    changeProduct(
      productId: string,
      change: ProductPatch,
      revisions?: readonly number[],
    ): Product | NoChange {
      const row = findProduct.get(productId);
      if (row === undefined) return 'not-found';
      if (revisions?.includes(row.revision) === false) return 'other-revision';
      const product = changedProduct(productOf(row), change);
      const { name, description, revision } = product;
      const { urls, metadata, externalId, mediaIds } = columnsOf(product);
      const texts = [metadata, externalId, mediaIds];
      replaceProduct.run(name, description, urls, revision, ...texts, productId);
      appendChange({ kind: 'product', productId, product });
      return product;
    },

    /** Whether there is a new record. */
    announceProduct(productId: string): boolean {
      const row = findProduct.get(productId);
      if (row === undefined || row.announced !== 0) return false;
      announceProduct.run(productId);
      if (row.media_ids === null) return false;
      const product = productOf({ ...row, announced: 1 });
      appendChange({ kind: 'product', productId, product });
      return true;
    },

    /** Whether there is a new record. */
    putDrops(views: readonly DropView[]): boolean {
      let isAppended = false;
      for (const view of views) {
        const row = findDrop.get(view.id);
        if (row !== undefined && row.version >= view.version) continue;
        const before = row === undefined ? null : decodeDropRow(row.view);
        if (put(view, before)) isAppended = true;
      }
      return isAppended;
    },

    replaceDrop(view: DropView, version: number): boolean {
      const row = findDrop.get(view.id);
      if (row?.version !== version) return false;
      removeDrop.run(view.id);
      put(view, decodeDropRow(row.view));
      return true;
    },
  };
  return {
    ...handlers,
    addProductOnce: (request: KeyedRequest, product: Product): Answered<Product> =>
      once(request, () => {
        handlers.addProduct(product);
        return product;
      }),
    changeProductOnce: (
      request: KeyedRequest,
      ...change: Parameters<typeof handlers.changeProduct>
    ): Answered<Product | NoChange> =>
      once(
        request,
        () => handlers.changeProduct(...change),
        (result) => typeof result === 'string',
      ),
  };
}

function columnsOf({ imageUrls, metadata, externalId, mediaIds }: Product) {
  return {
    urls: JSON.stringify(imageUrls),
    metadata: metadata === undefined ? null : JSON.stringify(metadata),
    externalId: externalId ?? null,
    mediaIds: mediaIds === undefined ? null : JSON.stringify(mediaIds),
  };
}

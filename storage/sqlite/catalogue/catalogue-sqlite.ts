// Products and drop rows on SQLite.

import type { Statement } from 'better-sqlite3';
import { decodeDropRow } from '../../formats/drop-row.ts';
import type { Catalogue, NoChange } from '../../ports/catalogue.ts';
import type { DropView, DropFilter } from '../../../contracts/drops.ts';
import type { Product, ProductFilter, ProductPatch } from '../../../contracts/products.ts';
import type { Page, PageRequest } from '../../../contracts/paging.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import type { Answered, Kept } from '../../ports/requests.ts';
import type { ChangingDatabase } from './catalogue-options.ts';
import { type ProductRow, productOf } from './products-statements.ts';
import { readPage } from '../thread/read-page.ts';
import { readQuery } from '../thread/read-query.ts';

type ListParameters = [...string[], unlisted: 0 | 1, time: number, id: string, limit: number];
type ListStatement<Row> = Statement<ListParameters, Row>;

export class SqliteCatalogue implements Catalogue {
  readonly #writer;
  readonly #signal;
  readonly #productById;
  readonly #productsByIds;
  readonly #dropById;
  readonly #reader;
  /**
   * One statement for each combination of filters, by its `where` clause: 3 for products, 12 for
   * drops.
   */
  readonly #productLists = new Map<string, ListStatement<ProductRow>>();
  readonly #dropLists = new Map<string, ListStatement<string>>();

  constructor({ writer, reader, signal }: ChangingDatabase) {
    this.#writer = writer;
    this.#signal = signal;
    this.#reader = reader;
    this.#productById = reader.prepare<[string], ProductRow>('select * from products where id = ?');
    this.#productsByIds = reader.prepare<[string], ProductRow>(
      'select * from products where id in (select value from json_each(?))',
    );
    this.#dropById = reader
      .prepare<[string], string>('select view from drops where id = ?')
      .pluck();
  }

  async addProduct(product: Product): Promise<void> {
    await this.#writer.submit('addProduct', product);
    this.#signal.appended();
  }

  async addProductOnce(request: KeyedRequest, make: () => Product): Promise<Answered<Product>> {
    const answered = await this.#writer.submit('addProductOnce', request, make());
    if (answered.result === 'new') this.#signal.appended();
    return answered;
  }

  async findAnswer(request: KeyedRequest): Promise<Kept<Product> | null> {
    return (await this.#writer.submit('findRequest', request)) as Kept<Product> | null;
  }

  async changeProduct(
    productId: string,
    change: ProductPatch,
    revisions?: readonly number[],
  ): Promise<Product | NoChange> {
    const changed = await this.#writer.submit('changeProduct', productId, change, revisions);
    if (typeof changed !== 'string') this.#signal.appended();
    return changed;
  }

  async changeProductOnce(
    request: KeyedRequest,
    productId: string,
    change: ProductPatch,
    revisions?: readonly number[],
  ): Promise<Answered<Product | NoChange>> {
    const answered = await this.#writer.submit(
      'changeProductOnce',
      request,
      productId,
      change,
      revisions,
    );
    if (answered.result === 'new') this.#signal.appended();
    return answered;
  }

  fits(): boolean {
    return true;
  }

  async announceProduct(productId: string): Promise<void> {
    if (await this.#writer.submit('announceProduct', productId)) this.#signal.appended();
  }

  async findProduct(productId: string): Promise<Product | null> {
    const row = readQuery(() => this.#productById.get(productId));
    return row === undefined ? null : productOf(row);
  }

  async findProducts(productIds: readonly string[]): Promise<Map<string, Product>> {
    const rows = readQuery(() => this.#productsByIds.all(JSON.stringify(productIds)));
    return new Map(rows.map((row) => [row.id, productOf(row)]));
  }

  async listProducts(filter: ProductFilter, page: PageRequest): Promise<Page<Product>> {
    const { clause, values } = whereOf([
      ['creator_id', filter.creatorId],
      ['external_id', filter.externalId],
    ]);
    let list = this.#productLists.get(clause);
    if (list === undefined) {
      list = this.#reader.prepare<ListParameters, ProductRow>(listText('products', '*', clause));
      this.#productLists.set(clause, list);
    }
    const statement = list;
    return readPage(
      'products',
      page,
      ({ time, id }, limit) =>
        readLists(filter, limit, (unlisted) =>
          readQuery(() => statement.all(...values, unlisted, time, id, limit)).map(productOf),
        ),
      positionOf,
    );
  }

  async putDrops(views: readonly DropView[]): Promise<void> {
    if (await this.#writer.submit('putDrops', views)) this.#signal.appended();
  }

  async replaceDrop(view: DropView, version: number): Promise<boolean> {
    const isReplaced = await this.#writer.submit('replaceDrop', view, version);
    if (isReplaced) this.#signal.appended();
    return isReplaced;
  }

  async findDrop(dropId: string): Promise<DropView | null> {
    const view = readQuery(() => this.#dropById.get(dropId));
    return view === undefined ? null : decodeDropRow(view);
  }

  async listDrops(filter: DropFilter, page: PageRequest): Promise<Page<DropView>> {
    const { clause, values } = whereOf([
      ['product_id', filter.productId],
      ['creator_id', filter.creatorId],
      ['status', filter.status],
      ['external_id', filter.externalId],
    ]);
    let list = this.#dropLists.get(clause);
    if (list === undefined) {
      const text = listText('drops', 'view', clause);
      list = this.#reader.prepare<ListParameters, string>(text).pluck();
      this.#dropLists.set(clause, list);
    }
    const statement = list;
    return readPage(
      'drops',
      page,
      ({ time, id }, limit) =>
        readLists(filter, limit, (unlisted) =>
          readQuery(() => statement.all(...values, unlisted, time, id, limit)).map(decodeDropRow),
        ),
      positionOf,
    );
  }
}

function whereOf(filters: readonly (readonly [string, string | undefined])[]) {
  const used = filters.filter(([, value]) => value !== undefined);
  const clause = used.map(([column]) => `${column} = +? and `).join('');
  return { clause, values: used.map(([, value]) => value!) };
}

/** What is unlisted is a list of its own. */
function readLists<T extends { readonly createdAt: number; readonly id: string }>(
  { withUnlisted = false }: Pick<DropFilter, 'withUnlisted'>,
  limit: number,
  read: (unlisted: 0 | 1) => T[],
): T[] {
  const listed = read(0);
  if (!withUnlisted) return listed;
  const all = [...listed, ...read(1)].toSorted(
    (one, other) => other.createdAt - one.createdAt || (one.id < other.id ? 1 : -1),
  );
  return all.slice(0, limit);
}

/** `+?`: see `docs/decisions/118-values-that-plan-nothing.md`. */
function listText(table: string, columns: string, clause: string): string {
  return `select ${columns} from ${table}
    where ${clause}unlisted = +? and (created_at, id) < (?, ?)
    order by created_at desc, id desc limit +?`;
}

function positionOf(item: { createdAt: number; id: string }): { time: number; id: string } {
  return { time: item.createdAt, id: item.id };
}

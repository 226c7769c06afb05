// The drops of replays, in a fixed amount of memory: the drops used last, and the pages of their
// orders used last. The others are in a spill store, which is opened when the first drop or page is
// evicted. Ten million orders in one drop or in a thousand take the same memory.
//
// Several replays share it, each with states of its own: a state is as of its replay's position.

import { Packr } from 'msgpackr';
import type { DropState } from '../../domain/drop-state.ts';
import type { OpenSpill, SpillStore } from '../../storage/ports/spill.ts';
import { OrderPage, PageBuffers } from './order-pages.ts';
import { type DropHead, headOf, ReplayedDrop } from './replayed-drop.ts';

/** Bytes of pages in memory, between two calls of `sparePages`. */
const PAGE_BYTES_MAX = 4 << 20;
/** Drops in memory, between two calls of `spare`: about 2 KB each. */
const DROPS_MAX = 1024;
/** The share that is evicted at once, so that sorting by use is cheap for each evicted one. */
const SHARE_LEAVING = 1 / 16;
const KEYS_AT_ONCE = 256;

export interface DropStatesOptions {
  readonly openSpill: OpenSpill;
  readonly pageBytesMax?: number;
  readonly dropsMax?: number;
}

const packr = new Packr({ useRecords: false });

export class DropStates {
  readonly #options: DropStatesOptions;
  readonly #pageBytesMax: number;
  readonly #dropsMax: number;
  /** By `headKey`. */
  readonly #drops = new Map<string, ReplayedDrop>();
  /** By `pageKey`. */
  readonly #pages = new Map<string, OrderPage>();
  readonly #buffers: PageBuffers;
  #pageBytes = 0;
  #uses = 0;
  #lives = 0;
  #open = new Set<number>();
  #spill: SpillStore | null = null;

  constructor(options: DropStatesOptions) {
    this.#options = options;
    this.#pageBytesMax = options.pageBytesMax ?? PAGE_BYTES_MAX;
    this.#dropsMax = options.dropsMax ?? DROPS_MAX;
    this.#buffers = new PageBuffers(this.#pageBytesMax * SHARE_LEAVING);
  }

  /** Bytes of the pages in memory. */
  get pageBytes(): number {
    return this.#pageBytes;
  }

  /** Begins the states of one replay, without drops. */
  begin(): number {
    this.#lives += 1;
    this.#open.add(this.#lives);
    return this.#lives;
  }

  /** Removes the states of one replay. */
  end(life: number): void {
    if (!this.#open.delete(life)) return;
    const prefix = lifeKey(life);
    for (const key of this.#drops.keys()) if (key.startsWith(prefix)) this.#drops.delete(key);
    for (const [key, page] of this.#pages) {
      if (!key.startsWith(prefix)) continue;
      this.#evict(key, page);
    }
    if (this.#open.size > 0) return this.#spill?.remove(prefix);
    this.#spill?.close();
    this.#spill = null;
  }

  /** The drops of one replay, which must not go on meanwhile. */
  *heads(life: number): Generator<DropHead, void, undefined> {
    const prefix = headKey(life, '');
    for (const [key, drop] of this.#drops)
      if (key.startsWith(prefix)) yield headOf(drop, drop.placed);
    const spill = this.#spill;
    if (spill === null) return;
    for (let keys = spill.keys(prefix, '', KEYS_AT_ONCE); keys.length > 0; ) {
      for (const key of keys)
        if (!this.#drops.has(key)) yield packr.unpack(spill.read(key)!) as DropHead;
      keys = spill.keys(prefix, keys.at(-1)!, KEYS_AT_ONCE);
    }
  }

  /** Valid until `spare` is called. */
  find(life: number, dropId: string): ReplayedDrop | undefined {
    const key = headKey(life, dropId);
    const found = this.#drops.get(key) ?? this.#readDrop(life, key);
    if (found !== undefined) found.usedAt = ++this.#uses;
    return found;
  }

  /** Valid until `spare` is called. */
  add(life: number, head: DropHead): ReplayedDrop {
    const { id } = head.terms;
    const key = headKey(life, id);
    const drop = new ReplayedDrop(head, (index) => this.#page(pageKey(life, id, index)));
    drop.usedAt = ++this.#uses;
    this.#drops.set(key, drop);
    return drop;
  }

  /** Copies a drop from a shard's state. Awaits `pause` after each `stepOrders`. */
  async adopt(
    life: number,
    state: DropState,
    stepOrders: number,
    pause: () => Promise<void>,
  ): Promise<void> {
    const key = headKey(life, state.id);
    this.add(life, { ...headOf(state), orders: 0 });
    for (let ordinal = 0; ordinal < state.orders.size; ordinal++) {
      // Other replays may have evicted the drop meanwhile.
      const drop = this.#drops.get(key) ?? this.#readDrop(life, key)!;
      drop.adoptOrder(state, ordinal);
      if (ordinal % stepOrders !== 0) continue;
      this.sparePages();
      await pause();
    }
  }

  /** Evicts pages until they are within their bound. Drops stay valid. */
  sparePages(): void {
    if (this.#pageBytes <= this.#pageBytesMax) return;
    const bytesMax = this.#pageBytesMax * (1 - SHARE_LEAVING);
    const oldestFirst = [...this.#pages].sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const drop of this.#drops.values()) drop.orders.release();
    for (const [key, page] of oldestFirst) {
      if (this.#pageBytes <= bytesMax) break;
      if (page.changed) this.#spilled().write(key, page.content());
      this.#evict(key, page);
    }
  }

  /**
   * Evicts pages and drops until they are within their bounds. Drops found before are no longer
   * valid.
   */
  spare(): void {
    this.sparePages();
    if (this.#drops.size <= this.#dropsMax) return;
    const oldestFirst = [...this.#drops].sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const [key, drop] of oldestFirst.slice(0, Math.ceil(oldestFirst.length * SHARE_LEAVING))) {
      this.#spilled().write(key, packr.pack(headOf(drop, drop.placed)));
      this.#drops.delete(key);
    }
  }

  #evict(key: string, page: OrderPage): void {
    this.#pages.delete(key);
    this.#pageBytes -= page.countedBytes;
    page.close();
  }

  #spilled(): SpillStore {
    this.#spill ??= this.#options.openSpill();
    return this.#spill;
  }

  #readDrop(life: number, key: string): ReplayedDrop | undefined {
    const bytes = this.#spill?.read(key);
    return bytes === undefined ? undefined : this.add(life, packr.unpack(bytes) as DropHead);
  }

  #page(key: string): OrderPage {
    let page = this.#pages.get(key);
    if (page === undefined) {
      page = new OrderPage(this.#spill?.read(key) ?? null, this.#buffers);
      this.#pages.set(key, page);
    }
    page.usedAt = ++this.#uses;
    this.#pageBytes += page.bytes - page.countedBytes;
    page.countedBytes = page.bytes;
    return page;
  }
}

function lifeKey(life: number): string {
  return `${life}/`;
}

function headKey(life: number, dropId: string): string {
  return `${life}/head/${dropId}`;
}

function pageKey(life: number, dropId: string, index: number): string {
  return `${life}/page/${dropId}/${index}`;
}

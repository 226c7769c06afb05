// Compares the documents of a node's search index with what a full pass of the change stream gives
// of accounts, products, drops and take-downs, once a day (L3). It only reads: where a document
// differs, the index is made anew beside the one that serves (`search-keeper.ts`). It runs in the
// index's thread, which has the lowest priority, and rests after each page for as long as the page
// took.
//
// A document follows its truth a moment later, so what differs is compared again once the index
// has caught up: what differs both times is wrong. Popularity of drops may be off by the factor of
// two that has no record. Of others it is left out: of creators it may be one behind for long
// (decision 072), and of products it is the sum of their drops'.

import type { Logger } from 'pino';
import type { Clock, Timer } from '../../actors/clock.ts';
import { CREATOR_ROLE } from '../../contracts/role-names.ts';
import type { DropSummary, EntityChange } from '../../contracts/changes.ts';
import type { ChangeStream, ScanPage } from '../../storage/ports/change-stream.ts';
import { EXAMPLES_MAX } from '../../storage/ports/reconciled.ts';
import { soldStep } from '../../storage/rows/drop-summary.ts';
import type {
  DocumentFilter,
  SearchDocument,
  SearchFeed,
  SearchKey,
} from '../../storage/ports/search-index.ts';
import { dropKey, keyOfTakeDown } from './document-rules.ts';
import { nameOf } from './document-set.ts';
import { GONE, has, KNOWN, NO_SOURCE, sourceOfDrops, TAKEN_DOWN } from './document-state.ts';

const FIRST_PASS_AFTER_MS = 60 * 60_000;
const PASS_INTERVAL_MS = 24 * 60 * 60_000;
const PAGE_DOCUMENTS = 256;
/** The index may be so far behind for a comparison that counts. */
const LAG_MAX_MS = 1_000;
/** Until what differs is compared again, and between two looks whether the index has caught up. */
const SETTLE_MS = 2_000;
/** Documents that differ, after which no more are looked for. */
const DIFFERENT_MAX = 10_000;

/** What a record of the change stream wants the index to say. */
interface Wanted {
  readonly key: SearchKey;
  /** Whether it says that the product or the creator exists: a take-down does not. */
  readonly exists: boolean;
  readonly isRight: (document: SearchDocument) => boolean;
}

export interface SearchCheckOptions {
  /** Of the index that serves now. */
  readonly feed: () => SearchFeed;
  /** For how long the oldest change has waited for the index; null: it is not complete. */
  readonly lagMs: () => number | null;
  /** Makes the index anew. */
  readonly rebuild: () => void;
  readonly changes: Pick<ChangeStream, 'bucketCount' | 'scan' | 'hasDrops'>;
  readonly clock: Clock;
  readonly log: Logger;
}

export class SearchCheck {
  readonly #options: SearchCheckOptions;
  #timer: Timer | null = null;
  #pass: Promise<void> = Promise.resolve();
  #isStopped = false;
  /** Since the start of the process. */
  compared = 0;
  mended = 0;

  constructor(options: SearchCheckOptions) {
    this.#options = options;
  }

  start(): void {
    this.#after(FIRST_PASS_AFTER_MS);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#pass;
  }

  /** One pass. Errors: `store-unavailable`. */
  async run(): Promise<void> {
    const { changes, log, rebuild } = this.#options;
    // A document may be wrong by records of two buckets.
    const different = new Set<string>();
    const compare = async (part: () => Promise<ReadonlySet<string>>) => {
      for (const name of await this.#confirmed(part)) different.add(name);
    };
    const withDrops = await changes.hasDrops();
    for (let bucket = 0; bucket < changes.bucketCount; bucket++)
      await compare(() => this.#entities(bucket, withDrops));
    if (withDrops) await compare(() => this.#otherDrops());
    if (different.size === 0 || this.#isStopped) return;
    this.mended += different.size;
    const examples = [...different].slice(0, EXAMPLES_MAX);
    log.warn(
      { kind: 'search', mended: different.size, examples },
      'the search index differed from its truth, and is made anew',
    );
    rebuild();
  }

  #after(ms: number): void {
    if (this.#isStopped) return;
    this.#timer = this.#options.clock.after(ms, () => {
      this.#pass = this.#try().finally(() => this.#after(PASS_INTERVAL_MS));
    });
  }

  /** Never rejects: the next pass is a day later. */
  async #try(): Promise<void> {
    try {
      if (this.#options.lagMs() !== null) await this.run();
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the search index could not be compared');
    }
  }

  /** What differs now and once the index has caught up. */
  async #confirmed(compare: () => Promise<ReadonlySet<string>>): Promise<string[]> {
    const first = await compare();
    if (first.size === 0) return [];
    do {
      await this.#pause(SETTLE_MS);
      if (this.#isStopped) return [];
    } while ((this.#options.lagMs() ?? Infinity) > LAG_MAX_MS);
    const again = await compare();
    return [...first].filter((name) => again.has(name));
  }

  /** Products, creators and, if so, drops of a bucket. */
  async #entities(bucket: number, withDrops: boolean): Promise<ReadonlySet<string>> {
    const { changes } = this.#options;
    const different = new Set<string>();
    const seen = new Set<string>();
    let cursor: string | null = null;
    do {
      const began = this.#options.clock.monotonic();
      const page: ScanPage = await changes.scan(bucket, cursor, PAGE_DOCUMENTS);
      const wanted = page.changes
        .filter(({ kind }) => kind !== 'drop' || withDrops)
        .map(wantedOf)
        .filter((one) => one !== null);
      const found = await this.#options.feed().find(wanted.map(({ key }) => key));
      for (const [i, { key, exists, isRight }] of wanted.entries()) {
        if (exists) seen.add(nameOf(key));
        const document = found[i] ?? null;
        if (document === null || !isRight(document)) different.add(nameOf(key));
      }
      this.compared += wanted.length;
      cursor = page.nextCursor;
      await this.#rest(began);
    } while (cursor !== null && this.#goesOn(different));
    const isUnseen = (document: SearchDocument) => !seen.has(nameOf(document));
    for (const type of ['product', 'creator'] as const)
      await this.#addExtra({ of: 'source', type, source: bucket }, isUnseen, different);
    const ofDrops = { of: 'source', type: 'drop', source: sourceOfDrops(bucket) } as const;
    if (withDrops) await this.#addExtra(ofDrops, isUnseen, different);
    return different;
  }

  /** Drops that no bucket has, though all buckets were read. */
  async #otherDrops(): Promise<ReadonlySet<string>> {
    const different = new Set<string>();
    const isOfNoBucket = ({ source }: SearchDocument) => source >= NO_SOURCE;
    await this.#addExtra({ of: 'type', type: 'drop' }, isOfNoBucket, different);
    return different;
  }

  /** Documents that say that something is there, and nothing is. */
  async #addExtra(
    filter: DocumentFilter,
    isExtra: (document: SearchDocument) => boolean,
    different: Set<string>,
  ): Promise<void> {
    let after: SearchKey | null = null;
    while (this.#goesOn(different)) {
      const began = this.#options.clock.monotonic();
      const page: readonly SearchDocument[] = await this.#options
        .feed()
        .list(filter, after, PAGE_DOCUMENTS);
      for (const document of page)
        if (isThere(document) && isExtra(document)) different.add(nameOf(document));
      if (page.length < PAGE_DOCUMENTS) return;
      after = page.at(-1)!;
      await this.#rest(began);
    }
  }

  #goesOn(different: ReadonlySet<string>): boolean {
    return !this.#isStopped && different.size < DIFFERENT_MAX;
  }

  #rest(began: number): Promise<void> {
    return this.#pause(this.#options.clock.monotonic() - began);
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => void this.#options.clock.after(ms, resolve));
  }
}

/** Null where a record wants no document. */
function wantedOf(change: EntityChange): Wanted | null {
  if (change.kind === 'take-down') {
    if (change.since === null) return null;
    return { key: keyOfTakeDown(change), exists: false, isRight: isHidden };
  }
  if (change.kind === 'user') {
    const { userId, user } = change;
    if (user?.roles.includes(CREATOR_ROLE) !== true) return null;
    return {
      key: { type: 'creator', id: userId },
      exists: true,
      isRight: (found) =>
        isThere(found) && found.listed !== has(found, TAKEN_DOWN) && found.name === user.name,
    };
  }
  if (change.kind === 'drop') {
    const { dropId, drop } = change;
    return { key: dropKey(dropId), exists: true, isRight: (found) => isOfDrop(found, drop) };
  }
  if (change.kind !== 'product' || change.product === null) return null;
  if (change.product.unlisted === true) return null;
  const { id, name, description, creatorId, createdAt } = change.product;
  return {
    key: { type: 'product', id },
    exists: true,
    isRight: (found) =>
      isThere(found) &&
      found.name === name &&
      found.description === description &&
      found.creatorId === creatorId &&
      found.createdAt === createdAt,
  };
}

function isOfDrop(document: SearchDocument, drop: DropSummary): boolean {
  return (
    has(document, KNOWN) &&
    document.productId === drop.productId &&
    document.creatorId === drop.creatorId &&
    document.status === drop.status &&
    document.startsAt === drop.startsAt &&
    document.amount === drop.unitAmount &&
    document.currency === drop.currency &&
    document.createdAt === drop.createdAt &&
    soldStep(document.popularity) === soldStep(drop.sold)
  );
}

function isHidden(document: SearchDocument): boolean {
  return has(document, TAKEN_DOWN) && !document.listed;
}

function isThere(document: SearchDocument): boolean {
  return has(document, KNOWN) && !has(document, GONE);
}

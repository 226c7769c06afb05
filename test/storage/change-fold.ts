// What a consumer has that applies all changes it gets, one after the other: the newest state of
// each entity that exists.

import type { EntityChange } from '../../contracts/changes.ts';
import type { ChangeRecord, ChangeStream } from '../../storage/ports/change-stream.ts';

/** Such as `follow <user> <creator>`. */
export function keyOf(change: EntityChange): string {
  if (change.kind === 'user') return `user ${change.userId}`;
  if (change.kind === 'product') return `product ${change.productId}`;
  if (change.kind === 'draft') return `draft ${change.draftId}`;
  if (change.kind === 'organisation') return `organisation ${change.organisationId}`;
  if (change.kind === 'take-down') return `take-down ${change.of} ${change.id}`;
  if (change.kind === 'seller') return `seller ${change.standing} ${change.creatorId}`;
  if (change.kind === 'drop') return `drop ${change.dropId}`;
  if (change.kind === 'media') return `media ${change.mediaId}`;
  return `follow ${change.userId} ${change.creatorId}`;
}

/** Names the state after a change, to find it again in a stream: two of one entity may be alike. */
export function lineOf(change: EntityChange): string {
  if (change.kind === 'user') return `${keyOf(change)} [${change.user?.roles.join()}]`;
  if (change.kind === 'product') return `${keyOf(change)} revision ${change.product?.revision}`;
  if (change.kind === 'draft') return `${keyOf(change)} revision ${change.draft?.revision}`;
  if (change.kind === 'organisation')
    return `${keyOf(change)} members ${change.organisation?.members.length}`;
  if (change.kind === 'drop') return `${keyOf(change)} version ${change.drop.version}`;
  if (change.kind === 'media') return `${keyOf(change)} ${change.media?.status}`;
  return `${keyOf(change)} since ${change.since}`;
}

export class ChangeFold {
  readonly #prefix: string;
  readonly #entities = new Map<string, unknown>();

  /** Takes only changes whose key has `prefix`. */
  constructor(prefix = '') {
    this.#prefix = prefix;
  }

  apply(change: EntityChange): void {
    const key = keyOf(change);
    if (!key.includes(this.#prefix)) return;
    const entity = stateOf(change);
    if (entity === null) this.#entities.delete(key);
    else this.#entities.set(key, entity);
  }

  /** The account, the product, or since when it is followed; undefined where it is not there. */
  entity(key: string): unknown {
    return this.#entities.get(key);
  }

  get entities(): ReadonlyMap<string, unknown> {
    return this.#entities;
  }
}

function stateOf(change: EntityChange): unknown {
  if (change.kind === 'user') return change.user;
  if (change.kind === 'product') return change.product;
  if (change.kind === 'draft') return change.draft;
  if (change.kind === 'organisation') return change.organisation;
  if (change.kind === 'drop') return change.drop;
  if (change.kind === 'media') return change.media;
  return change.since;
}

/** All records of bucket 0 after a position. */
export async function readAll(changes: ChangeStream, after = 0): Promise<ChangeRecord[]> {
  const records: ChangeRecord[] = [];
  for (;;) {
    const page = await changes.read(0, records.at(-1)?.sequence ?? after, 1000);
    if (page.length === 0) return records;
    records.push(...page);
  }
}

/** What a full pass over bucket 0 gives. */
export async function scanFold(changes: ChangeStream): Promise<ChangeFold> {
  const fold = new ChangeFold();
  let cursor: string | null = null;
  do {
    const page = await changes.scan(0, cursor, 50);
    for (const change of page.changes) fold.apply(change);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return fold;
}

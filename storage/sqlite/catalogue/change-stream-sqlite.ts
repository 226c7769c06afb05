// The change stream on SQLite: one bucket, because one thread writes all changes. The connection on
// the main thread reads records once their transaction is durable.

import type { Draft } from '../../../contracts/drafts.ts';
import type { EntityChange } from '../../../contracts/changes.ts';
import type { StoredOrganisation } from '../../../contracts/organisations.ts';
import type {
  ChangeHead,
  ChangeRecord,
  ChangeStream,
  ScanPage,
} from '../../ports/change-stream.ts';
import { PositionTrimmedError } from '../../ports/change-stream.ts';
import { mediaChange } from '../../ports/media.ts';
import { membersOf } from '../../ports/organisations.ts';
import { InvalidCursorError } from '../../ports/page.ts';
import { decodeDropRow } from '../../formats/drop-row.ts';
import { decodeMedia } from '../../formats/media.ts';
import { decodeRestriction, recordOfRestriction } from '../../formats/restriction.ts';
import { dropChange } from '../../rows/drop-summary.ts';
import { readQuery } from '../thread/read-query.ts';
import { type PublicUserRow, publicUserOf } from './accounts-statements.ts';
import type { ChangingDatabase } from './catalogue-options.ts';
import { HEAD_OF_CHANGES } from './changes-statements.ts';
import { type ProductRow, productOf } from './products-statements.ts';

const BUCKET = 0;
/** Records removed in one transaction: a few milliseconds. */
const TRIM_PORTION = 500;
/** Records looked at in one transaction: some milliseconds. */
const FORGET_PORTION = 5_000;
/** Part of the positions of readers outside: another kind comes last. */
const KINDS = [
  'user',
  'product',
  'follow',
  'draft',
  'organisation',
  'restriction',
  'drop',
  'media',
] as const;
type Kind = (typeof KINDS)[number];

/** Where a full pass continues: after this entity of this kind. */
type ScanPosition = readonly [kind: Kind, id: string, secondId: string];

interface FollowRow {
  user_id: string;
  creator_id: string;
  since: number;
}

export class SqliteChangeStream implements ChangeStream {
  readonly bucketCount = 1;
  readonly #writer;
  readonly #signal;
  readonly #head;
  readonly #records;
  readonly #users;
  readonly #products;
  readonly #follows;
  readonly #drafts;
  readonly #organisations;
  readonly #restrictions;
  readonly #drops;
  readonly #media;

  constructor({ writer, reader, signal }: ChangingDatabase) {
    this.#writer = writer;
    this.#signal = signal;
    this.#head = reader.prepare<[], ChangeHead>(HEAD_OF_CHANGES);
    this.#records = reader.prepare<
      [number, number],
      { sequence: number; at: number; change: string }
    >('select sequence, at, change from changes where sequence > ? order by sequence limit ?');
    this.#users = reader.prepare<[string, number], PublicUserRow>(
      `select id, name, roles, created_at, avatar_media_id from users
      where id > ? and removed = 0 order by id limit ?`,
    );
    this.#products = reader.prepare<[string, number], ProductRow>(
      'select * from products where id > ? order by id limit ?',
    );
    this.#follows = reader.prepare<[string, string, number], FollowRow>(`
      select user_id, creator_id, since from follows
      where (user_id, creator_id) > (?, ?) order by user_id, creator_id limit ?`);
    this.#drafts = reader
      .prepare<[string, string, number], string>(`
        select draft from drafts
        where (creator_id, id) > (?, ?) order by creator_id, id limit ?`)
      .pluck();
    this.#organisations = reader
      .prepare<[string, number], string>(
        'select organisation from organisations where id > ? order by id limit ?',
      )
      .pluck();
    this.#restrictions = reader
      .prepare<[string, string, number], string>(`
        select restriction from restrictions
        where kind <> 'ban' and restriction is not null
          and (kind || ' ' || scope, subject) > (?, ?)
        order by kind || ' ' || scope, subject limit ?`)
      .pluck();
    // Without the plus SQLite would read all drops by another index, and sort them, for each page.
    this.#drops = reader
      .prepare<[string, number], string>(
        'select view from drops where id > ? and +unlisted = 0 order by id limit ?',
      )
      .pluck();
    this.#media = reader
      .prepare<[string, number], string>('select media from media where id > ? order by id limit ?')
      .pluck();
  }

  async hasDrops(): Promise<boolean> {
    return true;
  }

  async head(_bucket: number): Promise<ChangeHead> {
    return readQuery(() => this.#head.get()!);
  }

  async read(_bucket: number, after: number, limit: number): Promise<ChangeRecord[]> {
    const rows = readQuery(() => this.#records.all(after, limit));
    if (rows[0]?.sequence !== after + 1) {
      // Read after the rows: the next read finds what was appended or removed in between.
      const { last, trimmed } = await this.head(BUCKET);
      if (rows.length > 0 || after < trimmed || after > last)
        throw new PositionTrimmedError(`there is no record right after ${after}`);
    }
    return rows.map(({ sequence, at, change }) => ({
      bucket: BUCKET,
      sequence,
      at,
      change: JSON.parse(change) as EntityChange,
    }));
  }

  async scan(_bucket: number, cursor: string | null, limit: number): Promise<ScanPage> {
    const [kind, id, secondId] = cursor === null ? startOf('user') : parsePosition(cursor);
    const changes = this.#entities(kind, id, secondId, limit);
    const last = changes.at(-1);
    if (last !== undefined && changes.length === limit)
      return { changes, nextCursor: JSON.stringify(positionOf(last)) };
    const nextKind = KINDS[KINDS.indexOf(kind) + 1];
    const nextCursor = nextKind === undefined ? null : JSON.stringify(startOf(nextKind));
    return { changes, nextCursor };
  }

  async trim(_bucket: number, through: number): Promise<void> {
    while (await this.#writer.submit('trimChanges', through, TRIM_PORTION));
  }

  forgetUser(userId: string, after: number): Promise<number | null> {
    return this.#writer.submit('forgetUser', userId, after, FORGET_PORTION);
  }

  onAppend(listener: (bucket: number) => void): () => void {
    return this.#signal.subscribe(listener);
  }

  #entities(kind: Kind, id: string, secondId: string, limit: number): EntityChange[] {
    if (kind === 'user') return readQuery(() => this.#users.all(id, limit)).map(userChange);
    if (kind === 'product')
      return readQuery(() => this.#products.all(id, limit)).map(productChange);
    if (kind === 'draft')
      return readQuery(() => this.#drafts.all(id, secondId, limit)).map(draftChange);
    if (kind === 'organisation')
      return readQuery(() => this.#organisations.all(id, limit)).map(organisationChange);
    if (kind === 'restriction')
      return readQuery(() => this.#restrictions.all(id, secondId, limit)).map(restrictionChange);
    if (kind === 'drop')
      return readQuery(() => this.#drops.all(id, limit)).map((row) =>
        dropChange(decodeDropRow(row)),
      );
    if (kind === 'media')
      return readQuery(() => this.#media.all(id, limit)).map((text) => {
        const media = decodeMedia(text);
        return mediaChange(media, media);
      });
    return readQuery(() => this.#follows.all(id, secondId, limit)).map(followChange);
  }
}

function userChange(row: PublicUserRow): EntityChange {
  return { kind: 'user', userId: row.id, user: publicUserOf(row) };
}

function productChange(row: ProductRow): EntityChange {
  return { kind: 'product', productId: row.id, product: productOf(row) };
}

function followChange({ user_id, creator_id, since }: FollowRow): EntityChange {
  return { kind: 'follow', userId: user_id, creatorId: creator_id, since };
}

function draftChange(text: string): EntityChange {
  const draft = JSON.parse(text) as Draft;
  return { kind: 'draft', draftId: draft.id, creatorId: draft.creatorId, draft };
}

function organisationChange(text: string): EntityChange {
  const organisation = membersOf(JSON.parse(text) as StoredOrganisation);
  return { kind: 'organisation', organisationId: organisation.id, organisation };
}

/** Of none that is a ban. */
function restrictionChange(text: string): EntityChange {
  const restriction = decodeRestriction(text);
  return recordOfRestriction(restriction, restriction.since)!;
}

function positionOf(change: EntityChange): ScanPosition {
  if (change.kind === 'user') return ['user', change.userId, ''];
  if (change.kind === 'product') return ['product', change.productId, ''];
  if (change.kind === 'draft') return ['draft', change.creatorId, change.draftId];
  if (change.kind === 'organisation') return ['organisation', change.organisationId, ''];
  if (change.kind === 'take-down') return ['restriction', `take-down ${change.of}`, change.id];
  if (change.kind === 'seller') return ['restriction', `${change.standing} `, change.creatorId];
  if (change.kind === 'drop') return ['drop', change.dropId, ''];
  if (change.kind === 'media') return ['media', change.mediaId, ''];
  return ['follow', change.userId, change.creatorId];
}

/** Before every entity of the kind: no id is empty. */
function startOf(kind: Kind): ScanPosition {
  return [kind, '', ''];
}

function parsePosition(cursor: string): ScanPosition {
  let position: unknown;
  try {
    position = JSON.parse(cursor);
  } catch {
    position = null; // The same error as for any other text that is no position.
  }
  if (!isPosition(position))
    throw new InvalidCursorError('the cursor does not belong to this scan');
  return position;
}

function isPosition(value: unknown): value is ScanPosition {
  if (!Array.isArray(value) || value.length !== 3) return false;
  return KINDS.includes(value[0] as Kind) && value.every((part) => typeof part === 'string');
}

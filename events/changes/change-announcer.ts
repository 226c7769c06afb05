// Announces the records that this process writes to the change stream on the live bus, so that
// caches of all gateways hear of changes at once (C3). Best effort, as the bus is: a cache that
// hears nothing has the bound of its times. Whoever writes next to the same bucket also announces
// what a process that ended had not announced.

import type { Clock } from '../../actors/clock.ts';
import {
  type ChangedEntity,
  CHANGES_TOPIC,
  type LiveBus,
  type LiveMessage,
} from '../../actors/live-bus.ts';
import type { EntityChange } from '../../contracts/changes.ts';
import type { ChangeStream } from '../../storage/ports/change-stream.ts';

const RECORDS_PER_MESSAGE_MAX = 256;
const RETRY_MS = 500;

export interface ChangeAnnouncerOptions {
  readonly changes: Pick<ChangeStream, 'bucketCount' | 'head' | 'read' | 'onAppend'>;
  readonly bus: LiveBus;
  readonly clock: Clock;
  readonly log: { warn(fields: object, message: string): void };
}

interface Bucket {
  /** The last record that this or another process has announced. */
  position: number;
  isReading: boolean;
  /** A record was written since the last read began. */
  isBehind: boolean;
}

export class ChangeAnnouncer {
  readonly #options: ChangeAnnouncerOptions;
  #buckets: readonly Bucket[] = [];
  #unsubscribe: readonly (() => void)[] = [];
  #stopped = false;

  constructor(options: ChangeAnnouncerOptions) {
    this.#options = options;
  }

  /** Begins with the records after the present ones. Errors: `store-unavailable`. */
  async start(): Promise<void> {
    const { changes, bus } = this.#options;
    const heads = Array.from({ length: changes.bucketCount }, (_, bucket) => changes.head(bucket));
    this.#buckets = (await Promise.all(heads)).map(({ last }) => {
      return { position: last, isReading: false, isBehind: false };
    });
    this.#unsubscribe = [
      changes.onAppend((bucket) => this.#announceSoon(bucket)),
      bus.subscribe(CHANGES_TOPIC, (message) => this.#heard(message)),
    ];
  }

  stop(): void {
    this.#stopped = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  #announceSoon(index: number): void {
    const bucket = this.#buckets[index]!;
    bucket.isBehind = true;
    if (!bucket.isReading) void this.#announce(index, bucket);
  }

  /** Never rejects. */
  async #announce(index: number, bucket: Bucket): Promise<void> {
    const { clock, log } = this.#options;
    bucket.isReading = true;
    try {
      while (bucket.isBehind && !this.#stopped) {
        bucket.isBehind = false;
        while (await this.#announcePage(index, bucket));
      }
    } catch (error) {
      log.warn({ err: error, bucket: index }, 'changes could not be announced');
      if (!this.#stopped) clock.after(RETRY_MS, () => this.#announceSoon(index));
    }
    bucket.isReading = false;
  }

  /** Whether there may be more. */
  async #announcePage(index: number, bucket: Bucket): Promise<boolean> {
    const { changes, bus } = this.#options;
    const after = bucket.position;
    const records = await this.#read(index, after);
    if (records === null) {
      const { last } = await changes.head(index);
      bucket.position = last;
      const all = { bucket: index, after, last };
      bus.publish(CHANGES_TOPIC, { type: 'entities-changed', records: all, changes: null });
      return false;
    }
    const last = records.at(-1)?.sequence;
    if (last === undefined) return false;
    const told = records.flatMap(({ change }) => changedEntities(change));
    bucket.position = Math.max(bucket.position, last);
    const read = { bucket: index, after, last };
    bus.publish(CHANGES_TOPIC, { type: 'entities-changed', records: read, changes: told });
    return records.length === RECORDS_PER_MESSAGE_MAX;
  }

  /** Null where records after the position are gone. */
  async #read(index: number, after: number) {
    try {
      return await this.#options.changes.read(index, after, RECORDS_PER_MESSAGE_MAX);
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'position-trimmed') throw error;
      return null;
    }
  }

  #heard(message: LiveMessage): void {
    if (message.type !== 'entities-changed' || message.records === null) return;
    const { bucket: index, after, last } = message.records;
    const bucket = this.#buckets[index];
    if (bucket !== undefined && after <= bucket.position && last > bucket.position)
      bucket.position = last;
  }
}

/** Those of which a cache may show something. */
function changedEntities(change: EntityChange): ChangedEntity[] {
  if (change.kind === 'user')
    return [{ kind: 'user', userId: change.userId, isGone: change.user === null }];
  if (change.kind === 'follow')
    return [{ kind: 'follow', userId: change.userId, creatorId: change.creatorId }];
  if (change.kind === 'media') return showing(change);
  if (change.kind !== 'product') return [];
  const { productId, product } = change;
  const { creatorId = null, revision = null, mediaIds, announced } = product ?? {};
  // Its announcement shows its media, and is no other revision.
  const isShown = mediaIds !== undefined && announced === true;
  return [{ kind: 'product', productId, creatorId, revision: isShown ? null : revision }];
}

/** Whatever may show the medium, or has shown it. */
function showing({ ownerId, productIds, media }: EntityChange & { kind: 'media' }) {
  const changed: ChangedEntity[] = productIds.map((productId) => {
    return { kind: 'product', productId, creatorId: ownerId, revision: null };
  });
  if (media === null || media.purpose === 'avatar')
    changed.push({ kind: 'user', userId: ownerId, isGone: false });
  return changed;
}

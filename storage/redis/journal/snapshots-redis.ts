// Snapshots on Redis. The pieces of the head and of new parts are written first,
// then one step makes them the snapshot. So appends go between the pieces, and a large snapshot
// delays none of them. The next save of a shard first removes the pieces of an interrupted save.

import { CorruptError, FencedError, StoreUnavailableError } from '../../ports/journal.ts';
import type { FeatureLevels } from '../../ports/feature-level.ts';
import type {
  OpenedSnapshot,
  SealedDrop,
  SealedDropWriter,
  Snapshot,
  SnapshotPart,
  SnapshotStore,
} from '../../ports/snapshots.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { epochKey, partsKey, snapshotKey } from '../connection/keys.ts';
import {
  DROPPED_FIELDS_MAX,
  newSaveName,
  type Place,
  type Placed,
  placeFor,
  readPlaces,
  writesOf,
} from './pieces.ts';
import { beginSealing, findSealed } from './sealed-drops-redis.ts';
import type { Script, ScriptArgument } from '../connection/script.ts';
import {
  decodeContents,
  encodeContents,
  fieldsOfContents,
  type SnapshotContents,
} from './snapshot-contents.ts';
import { BEGIN_SAVE, DROP_PIECES, FINISH_SAVE, WRITE_PIECES } from './snapshot-scripts.ts';

/** How often a reader starts again because the snapshot was replaced meanwhile. */
const READ_ATTEMPTS_MAX = 5;
/** The feature level whose nodes read sealed drops in parts. */
const SEALED_PARTS_LEVEL = 2;

type Refusal = readonly [code: 'fenced' | 'overtaken', epoch: number];

export class RedisSnapshotStore implements SnapshotStore {
  readonly #redis: RedisConnection;
  readonly #levels: FeatureLevels;

  constructor(options: { readonly redis: RedisConnection; readonly levels: FeatureLevels }) {
    this.#redis = options.redis;
    this.#levels = options.levels;
  }

  async saveSnapshot(
    shard: number,
    epoch: number,
    snapshot: Snapshot,
    newParts: readonly SnapshotPart[],
  ): Promise<void> {
    const save = newSaveName();
    const step = (script: Script, ...args: ScriptArgument[]) =>
      this.#step(script, shard, epoch, save, args);
    const drop = async (fields: readonly string[]) => {
      for (let i = 0; i < fields.length; i += DROPPED_FIELDS_MAX) {
        await step(DROP_PIECES, ...fields.slice(i, i + DROPPED_FIELDS_MAX));
      }
    };

    await step(BEGIN_SAVE);
    const present = (await this.#present(shard))?.contents ?? null;
    const presentFields = fieldsOfContents(present);
    const stored = await answerOf(this.#redis.hkeys(partsKey(shard)));
    await drop(stored.filter((field) => !presentFields.has(field)));

    const { contents, placed } = arrange(shard, save, snapshot, newParts, present);
    for (const group of writesOf(placed)) await step(WRITE_PIECES, ...group);
    await step(FINISH_SAVE, snapshot.sequence, encodeContents(contents));
    const named = fieldsOfContents(contents);
    await drop([...presentFields].filter((field) => !named.has(field)));
  }

  async loadSnapshot(shard: number): Promise<{ snapshot: Snapshot; parts: SnapshotPart[] } | null> {
    let text: string | null = null;
    for (let attempt = 0; attempt < READ_ATTEMPTS_MAX; attempt++) {
      const present = await this.#present(shard);
      if (present === null) return null;
      // Pieces are missing although the snapshot is the same.
      if (present.text === text) throw new CorruptError(`shard ${shard} lacks a snapshot part`);
      text = present.text;
      const { head, parts } = present.contents;
      const found = await readPlaces(this.#redis, partsKey(shard), [head, ...parts.values()]);
      if (found === null) continue;
      const partNames = [...parts.keys()];
      return {
        snapshot: { sequence: present.sequence, head: found[0]!, partNames },
        parts: partNames.map((name, i) => ({ name, bytes: found[i + 1]! })),
      };
    }
    throw new StoreUnavailableError(`the snapshot of shard ${shard} changes while it is read`);
  }

  async openSnapshot(shard: number): Promise<OpenedSnapshot | null> {
    for (let attempt = 0; attempt < READ_ATTEMPTS_MAX; attempt++) {
      const present = await this.#present(shard);
      if (present === null) return null;
      const { head, parts } = present.contents;
      const found = await readPlaces(this.#redis, partsKey(shard), [head]);
      if (found === null) continue;
      const { sequence } = present;
      return {
        snapshot: { sequence, head: found[0]!, partNames: [...parts.keys()] },
        part: async (name) => {
          const place = parts.get(name);
          if (place === undefined) return null;
          const pieces = await readPlaces(this.#redis, partsKey(shard), [place]);
          return pieces === null ? null : pieces[0]!;
        },
      };
    }
    throw new StoreUnavailableError(`the snapshot of shard ${shard} changes while it is read`);
  }

  async snapshotSequence(shard: number): Promise<number> {
    return Number((await answerOf(this.#redis.hget(snapshotKey(shard), 'sequence'))) ?? 0);
  }

  canSealDrops(): boolean {
    return this.#levels.reached() >= SEALED_PARTS_LEVEL;
  }

  sealDrop(dropId: string): Promise<SealedDropWriter> {
    return beginSealing(this.#redis, dropId);
  }

  findSealedDrop(dropId: string): Promise<SealedDrop | null> {
    return findSealed(this.#redis, dropId);
  }

  async #step(
    script: Script,
    shard: number,
    epoch: number,
    save: string,
    args: readonly ScriptArgument[],
  ): Promise<void> {
    const keys = [epochKey(shard), snapshotKey(shard), partsKey(shard)];
    const answer = await script.run(this.#redis, keys, [epoch, save, ...args]);
    if (answer === 0) return;
    const [code, present] = answer as Refusal;
    if (code === 'fenced')
      throw new FencedError(`shard ${shard} is at epoch ${present}, not ${epoch}`);
    throw new StoreUnavailableError(`another save of shard ${shard}'s snapshot began meanwhile`);
  }

  async #present(
    shard: number,
  ): Promise<{ sequence: number; text: string; contents: SnapshotContents } | null> {
    const found = this.#redis.hmget(snapshotKey(shard), 'sequence', 'contents');
    const [sequence, text] = await answerOf(found);
    if (typeof sequence !== 'string' || typeof text !== 'string') return null;
    return { sequence: Number(sequence), text, contents: decodeContents(text, snapshotKey(shard)) };
  }
}

/** The places of head and parts; parts of the present snapshot stay. Errors: CorruptError. */
function arrange(
  shard: number,
  save: string,
  snapshot: Snapshot,
  newParts: readonly SnapshotPart[],
  present: SnapshotContents | null,
): { contents: SnapshotContents; placed: Placed[] } {
  const added = new Map(newParts.map(({ name, bytes }) => [name, bytes]));
  const head = placeFor(save, 0, snapshot.head);
  const placed: Placed[] = [{ place: head, bytes: snapshot.head }];
  const parts = new Map<string, Place>();
  let first = head.count;
  for (const name of snapshot.partNames) {
    let place = present?.parts.get(name);
    if (place === undefined) {
      const bytes = added.get(name);
      if (bytes === undefined)
        throw new CorruptError(`shard ${shard} has no snapshot part ${name}`);
      place = placeFor(save, first, bytes);
      first += place.count;
      placed.push({ place, bytes });
    }
    parts.set(name, place);
  }
  return { contents: { head, parts }, placed };
}

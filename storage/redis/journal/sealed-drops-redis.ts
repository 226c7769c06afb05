// Sealed drops on Redis: one hash for each drop. The pieces of new parts are written first, then
// one step makes them the sealed drop, with its head in a field of its own, so that a read of the
// head costs little however large the drop is. The next sealing first removes the pieces of an
// interrupted one.

import { CorruptError, StoreUnavailableError } from '../../ports/journal.ts';
import type { NewSealedDrop, SealedDrop, SealedDropWriter } from '../../ports/snapshots.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { sealedDropKey } from '../connection/keys.ts';
import {
  DROPPED_FIELDS_MAX,
  fieldsOf,
  newSaveName,
  type Place,
  placeFor,
  readPlaces,
  writesOf,
} from './pieces.ts';
import { decodeParts, encodeParts, type SealedPlaces } from './snapshot-contents.ts';
import { SEAL } from './snapshot-scripts.ts';

/** How often a reader starts again because the drop was replaced meanwhile. */
const READ_ATTEMPTS_MAX = 5;
const NO_PLACES: SealedPlaces = { parts: new Map(), whole: null };
const FIELDS_BESIDE_PIECES: readonly string[] = ['version', 'contents', 'head'];

/** `SnapshotStore.sealDrop`. */
export async function beginSealing(
  redis: RedisConnection,
  dropId: string,
): Promise<SealedDropWriter> {
  const key = sealedDropKey(dropId);
  const stored = (await readContents(redis, key))?.places ?? NO_PLACES;
  await removeUnnamed(redis, key, stored);
  const parts = new Map(stored.parts);
  const save = newSaveName();
  let first = 0;
  return {
    async add({ name, bytes }) {
      const place = placeFor(save, first, bytes);
      first += place.count;
      for (const group of writesOf([{ place, bytes }])) {
        await answerOf(redis.hset(key, ...group));
      }
      parts.set(name, place);
    },
    finish: (drop) => finish(redis, dropId, drop, parts),
  };
}

async function finish(
  redis: RedisConnection,
  dropId: string,
  { version, head, partNames }: NewSealedDrop,
  parts: ReadonlyMap<string, Place>,
): Promise<void> {
  const named = new Map<string, Place>();
  for (const name of partNames) {
    const place = parts.get(name);
    if (place === undefined) throw new CorruptError(`the sealed drop ${dropId} lacks ${name}`);
    named.set(name, place);
  }
  const fields = [...named.values()].flatMap(fieldsOf);
  const args = [version, encodeParts(named), Buffer.from(head), ...fields];
  if ((await SEAL.run(redis, [sealedDropKey(dropId)], args)) !== 0)
    throw new StoreUnavailableError(`${dropId} was sealed by another writer meanwhile`);
}

/** Removes pieces that the stored contents do not name, in portions. */
async function removeUnnamed(
  redis: RedisConnection,
  key: string,
  { parts, whole }: SealedPlaces,
): Promise<void> {
  const places = whole === null ? [...parts.values()] : [whole];
  const named = new Set([...FIELDS_BESIDE_PIECES, ...places.flatMap(fieldsOf)]);
  const unnamed = (await answerOf(redis.hkeys(key))).filter((field) => !named.has(field));
  for (let i = 0; i < unnamed.length; i += DROPPED_FIELDS_MAX) {
    await answerOf(redis.hdel(key, ...unnamed.slice(i, i + DROPPED_FIELDS_MAX)));
  }
}

/** `SnapshotStore.findSealedDrop`. */
export async function findSealed(
  redis: RedisConnection,
  dropId: string,
): Promise<SealedDrop | null> {
  const key = sealedDropKey(dropId);
  let text: string | null = null;
  for (let attempt = 0; attempt < READ_ATTEMPTS_MAX; attempt++) {
    const [version, head] = await answerOf(redis.hmgetBuffer(key, 'version', 'head'));
    if (version && head) return new StoredSealedDrop(redis, dropId, Number(version), head);
    const contents = await readContents(redis, key);
    if (contents === null) return null;
    const { whole } = contents.places;
    // It was sealed in parts between the two reads.
    if (whole === null) continue;
    const found = await readPlaces(redis, key, [whole]);
    if (found !== null) return new StoredSealedDrop(redis, dropId, Number(version ?? 0), found[0]!);
    if (contents.text === text) throw new CorruptError(`the sealed drop ${dropId} lacks a piece`);
    text = contents.text;
  }
  throw changedMeanwhile(dropId);
}

class StoredSealedDrop implements SealedDrop {
  readonly version: number;
  readonly head: Uint8Array;
  readonly #redis: RedisConnection;
  readonly #dropId: string;
  /** Read with the first part: a drop of 10 million orders has half a megabyte of places. */
  #contents: Promise<Contents | null> | null = null;

  constructor(redis: RedisConnection, dropId: string, version: number, head: Uint8Array) {
    this.#redis = redis;
    this.#dropId = dropId;
    this.version = version;
    this.head = head;
  }

  async readPart(name: string): Promise<Uint8Array> {
    const key = sealedDropKey(this.#dropId);
    this.#contents ??= readContents(this.#redis, key);
    const contents = await this.#contents;
    if (contents?.version !== this.version) throw changedMeanwhile(this.#dropId);
    const place = contents.places.parts.get(name);
    const found = place === undefined ? null : await readPlaces(this.#redis, key, [place]);
    if (found !== null) return found[0]!;
    if ((await readContents(this.#redis, key))?.text !== contents.text)
      throw changedMeanwhile(this.#dropId);
    throw new CorruptError(`the sealed drop ${this.#dropId} lacks ${name}`);
  }
}

interface Contents {
  readonly version: number;
  readonly text: string;
  readonly places: SealedPlaces;
}

async function readContents(redis: RedisConnection, key: string): Promise<Contents | null> {
  const [version, text] = await answerOf(redis.hmget(key, 'version', 'contents'));
  if (typeof text !== 'string') return null;
  // The first release stored no version.
  return { version: Number(version ?? 0), text, places: decodeParts(text, key) };
}

function changedMeanwhile(dropId: string): StoreUnavailableError {
  return new StoreUnavailableError(`the sealed drop ${dropId} changed while it was read`);
}

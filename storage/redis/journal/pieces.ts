// Large values in a Redis hash, as pieces of bounded size in fields of their own. So no command
// carries the whole value, and appends of other shards go between two pieces. Each save has a name
// of its own, so pieces are never overwritten. A piece counts only if the contents name its place.

import { randomBytes } from 'node:crypto';
import { CorruptError } from '../../ports/journal.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';

/** Most bytes of one piece, and of all pieces of one command. */
const PIECE_BYTES = 256 << 10;
/** Most bytes that one command reads. */
const READ_BYTES = 1 << 20;
/** Fields removed in one step: up to 64 MiB of memory. */
export const DROPPED_FIELDS_MAX = 256;
const SAVE_NAME_BYTES = 9;

/** The place of a value: the fields `save:first`, `save:first+1` ... */
export interface Place {
  readonly save: string;
  readonly first: number;
  readonly count: number;
  readonly bytes: number;
}

export function newSaveName(): string {
  return randomBytes(SAVE_NAME_BYTES).toString('base64url');
}

/** The place of the bytes, from piece `first` on. Empty bytes have no pieces. */
export function placeFor(save: string, first: number, bytes: Uint8Array): Place {
  return { save, first, count: Math.ceil(bytes.length / PIECE_BYTES), bytes: bytes.length };
}

export function fieldsOf(place: Place): string[] {
  return Array.from({ length: place.count }, (_, i) => `${place.save}:${place.first + i}`);
}

export interface Placed {
  readonly place: Place;
  readonly bytes: Uint8Array;
}

/** Fields and pieces alternating, in groups that one command may write. */
export function* writesOf(placed: readonly Placed[]): Generator<(string | Buffer)[]> {
  let group: (string | Buffer)[] = [];
  let groupBytes = 0;
  for (const { place, bytes } of placed) {
    const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const [i, field] of fieldsOf(place).entries()) {
      const piece = whole.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES);
      if (groupBytes + piece.length > PIECE_BYTES && group.length > 0) {
        yield group;
        group = [];
        groupBytes = 0;
      }
      group.push(field, piece);
      groupBytes += piece.length;
    }
  }
  if (group.length > 0) yield group;
}

/** The bytes of the places; null if a piece is missing. Errors: `corrupt`, `store-unavailable`. */
export async function readPlaces(
  redis: RedisConnection,
  key: string,
  places: readonly Place[],
): Promise<Buffer[] | null> {
  const pieces: Buffer[] = [];
  for (const fields of readsOf(places)) {
    const found = await answerOf(redis.hmgetBuffer(key, ...fields));
    for (const piece of found) {
      if (piece === null) return null;
      pieces.push(piece);
    }
  }
  let at = 0;
  return places.map(({ count, bytes }) => {
    const whole = Buffer.concat(pieces.slice(at, (at += count)));
    if (whole.length === bytes) return whole;
    throw new CorruptError(`${key} has ${whole.length} bytes where ${bytes} were written`);
  });
}

function* readsOf(places: readonly Place[]): Generator<string[]> {
  let group: string[] = [];
  let groupBytes = 0;
  for (const place of places) {
    for (const field of fieldsOf(place)) {
      const bytes = Math.min(place.bytes, PIECE_BYTES);
      if (groupBytes + bytes > READ_BYTES && group.length > 0) {
        yield group;
        group = [];
        groupBytes = 0;
      }
      group.push(field);
      groupBytes += bytes;
    }
  }
  if (group.length > 0) yield group;
}

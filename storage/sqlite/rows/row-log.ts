// Logs of recent rows: one file for each generation that is not settled, beside projections.db. A
// pack is appended as one record with its positions, so that it costs one write and no page of
// SQLite. When the generation is settled, its file is removed. A record that ends early or does not
// match its checksum ends the file: the records after it were never acknowledged, or were lost in a
// power failure, and come again from the journal.
//
// A record: the length of its body (4 bytes), the CRC-32 of the body (4), the body: the number of
// positions (2), for each its list (1), shard (4) and sequence (8, a double), then the pack. Little
// endian.

import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  unlinkSync,
  writevSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { crc32 } from 'node:zlib';

const HEADER_BYTES = 8;
const COUNT_BYTES = 2;
const POSITION_BYTES = 13;

/** The lists; each has its own positions. Their numbers are stored: append only. */
export const ORDERS = 0;
export const NOTIFICATIONS = 1;
export type RowList = typeof ORDERS | typeof NOTIFICATIONS;

export interface RowRecord {
  /** List, shard and sequence alternate. */
  readonly positions: readonly number[];
  readonly pack: Buffer;
}

function logFile(databaseFile: string, generation: number): string {
  return `${databaseFile}-rows-${generation}`;
}

/** The generations that have a log, oldest first. */
function loggedGenerations(databaseFile: string): number[] {
  const prefix = `${basename(databaseFile)}-rows-`;
  const names = readdirSync(dirname(databaseFile)).filter((name) => name.startsWith(prefix));
  return names.map((name) => Number(name.slice(prefix.length))).sort((a, b) => a - b);
}

/** All whole records of one generation, in order; null without a log. */
export function readRowLog(databaseFile: string, generation: number): RowRecord[] | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(logFile(databaseFile, generation));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return readRecords(bytes).records;
}

function readRecords(bytes: Buffer): { records: RowRecord[]; end: number } {
  const records: RowRecord[] = [];
  let end = 0;
  while (end + HEADER_BYTES + COUNT_BYTES <= bytes.length) {
    const start = end + HEADER_BYTES;
    const next = start + bytes.readUInt32LE(end);
    if (next > bytes.length || next < start + COUNT_BYTES) break;
    const body = bytes.subarray(start, next);
    if (crc32(body) !== bytes.readUInt32LE(end + 4)) break;
    records.push(readBody(body));
    end = next;
  }
  return { records, end };
}

function readBody(body: Buffer): RowRecord {
  const positions: number[] = [];
  const count = body.readUInt16LE(0);
  let at = COUNT_BYTES;
  for (let i = 0; i < count; i++, at += POSITION_BYTES) {
    positions.push(body[at]!, body.readUInt32LE(at + 1), body.readDoubleLE(at + 5));
  }
  return { positions, pack: body.subarray(at) };
}

interface OpenLog {
  readonly descriptor: number;
  /** The offset of the next record. */
  end: number;
}

/** Writes the logs. A database has one writer. Errors: those of the file system. */
export class RowLogs {
  readonly #databaseFile: string;
  readonly #logs = new Map<number, OpenLog>();
  #bytesMax = Number.POSITIVE_INFINITY;

  /**
   * Opens the existing logs. Removes the logs of settled generations, and the bytes after the last
   * whole record.
   */
  constructor(options: { readonly databaseFile: string; readonly settled: number }) {
    this.#databaseFile = options.databaseFile;
    for (const generation of loggedGenerations(this.#databaseFile)) {
      const file = logFile(this.#databaseFile, generation);
      if (generation <= options.settled) {
        unlinkSync(file);
        continue;
      }
      const { end } = readRecords(readFileSync(file));
      const descriptor = openSync(file, 'r+');
      ftruncateSync(descriptor, end);
      this.#logs.set(generation, { descriptor, end });
    }
  }

  /** When it returns, the record survives the end of this process, not yet a power failure. */
  append(generation: number, positions: readonly number[], pack: Uint8Array): void {
    const log = this.#open(generation);
    const head = encodeHead(positions, pack);
    const end = log.end + head.length + pack.length;
    if (end > this.#bytesMax) throw fileFull(logFile(this.#databaseFile, generation));
    try {
      const written = writevSync(log.descriptor, [head, pack], log.end);
      if (written < head.length + pack.length) {
        throw fileFull(logFile(this.#databaseFile, generation));
      }
    } catch (error) {
      ftruncateSync(log.descriptor, log.end);
      throw error;
    }
    log.end = end;
  }

  /** When it returns, all records survive a power failure. */
  sync(): void {
    for (const { descriptor } of this.#logs.values()) fsyncSync(descriptor);
    const directory = openSync(dirname(this.#databaseFile), 'r');
    fsyncSync(directory);
    closeSync(directory);
  }

  /** Call it once the settled generation survives a power failure. */
  remove(generation: number): void {
    const log = this.#logs.get(generation);
    if (log === undefined) return;
    this.#logs.delete(generation);
    closeSync(log.descriptor);
    unlinkSync(logFile(this.#databaseFile, generation));
  }

  close(): void {
    for (const { descriptor } of this.#logs.values()) closeSync(descriptor);
    this.#logs.clear();
  }

  /** Acts like a disk with room for only this many bytes of each log. */
  limitBytes(bytes: number): void {
    this.#bytesMax = bytes;
  }

  #open(generation: number): OpenLog {
    const present = this.#logs.get(generation);
    if (present !== undefined) return present;
    const descriptor = openSync(logFile(this.#databaseFile, generation), 'w');
    const log = { descriptor, end: 0 };
    this.#logs.set(generation, log);
    return log;
  }
}

function encodeHead(positions: readonly number[], pack: Uint8Array): Buffer {
  const count = positions.length / 3;
  const head = Buffer.alloc(HEADER_BYTES + COUNT_BYTES + count * POSITION_BYTES);
  head.writeUInt32LE(head.length - HEADER_BYTES + pack.length, 0);
  head.writeUInt16LE(count, HEADER_BYTES);
  let at = HEADER_BYTES + COUNT_BYTES;
  for (let i = 0; i < positions.length; i += 3, at += POSITION_BYTES) {
    head[at] = positions[i]!;
    head.writeUInt32LE(positions[i + 1]!, at + 1);
    head.writeDoubleLE(positions[i + 2]!, at + 5);
  }
  head.writeUInt32LE(crc32(pack, crc32(head.subarray(HEADER_BYTES))), 4);
  return head;
}

function fileFull(file: string): Error {
  return Object.assign(new Error(`${file} cannot grow`), { code: 'ENOSPC' });
}

// The format of a journal entry: a header of 8 bytes (magic, format version, CRC-32 of the rest),
// then MessagePack. Events are flat, with a fixed number of fields for each kind, because tens of
// thousands of orders arrive in a second.

import { crc32 } from 'node:zlib';
import { Packr } from 'msgpackr';
import type { DropEvent, DropEventType } from '../../contracts/drop-events.ts';
import type { DropTerms } from '../../contracts/drops.ts';
import { type Stored, withOurNames, withStoredNames } from './amount-names.ts';
import { CorruptError } from '../ports/journal.ts';

const MAGIC = 0x4c44; // "LD"
const FORMAT_VERSION = 1;
const HEADER_BYTES = 8;

export interface DropChanges {
  readonly dropId: string;
  /**
   * The drop's version before the first event: tells a reader which events it has applied already
   * (J1).
   */
  readonly versionBefore: number;
  readonly events: DropEvent[];
}

/** All events of one batch of a shard. They have one time. */
export interface Entry {
  readonly shard: number;
  readonly sequence: number;
  /** Milliseconds since the Unix epoch; never below the time of the entry before. */
  readonly time: number;
  readonly changes: readonly DropChanges[];
}

/**
 * The number and the fields of each kind, in the order of writing. Append only: old journals must
 * stay readable.
 */
const KINDS: {
  readonly [T in DropEventType]: readonly [number, ...(keyof (DropEvent & { type: T }) & string)[]];
} = {
  'order-placed': [0, 'userId', 'key', 'quantity'],
  'order-confirmed': [1, 'ordinal', 'reference'],
  'order-confirmed-late': [2, 'ordinal', 'reference'],
  'order-failed': [3, 'ordinal', 'reference'],
  'refund-requested': [4, 'ordinal', 'reference'],
  'order-expired': [5, 'ordinal'],
  'order-cancelled': [6, 'ordinal'],
  'order-refunded': [7, 'ordinal'],
  'drop-created': [8, 'terms', 'stock'],
  'drop-amended': [9, 'startsAt', 'endsAt', 'limitPerUser'],
  'drop-restocked': [10, 'units'],
  'drop-opened': [11],
  'drop-closed': [12],
  'drop-cancelled': [13],
  // Written from feature level 2 on.
  'payment-declined': [14, 'ordinal', 'reference'],
  'payment-rejected': [15, 'ordinal', 'reference', 'amount', 'currency', 'reason'],
  'payment-refunded': [16, 'ordinal', 'reference', 'amount', 'currency'],
  'order-refunded-at-provider': [17, 'ordinal'],
  'drop-repriced': [18, 'unitAmount'],
  // Written from feature level 3 on.
  'drop-described': [31, 'metadata', 'externalId'],
  'order-details-added': [33, 'ordinal'],
  // Written from feature level 3 on.
  'payment-prepared': [19, 'ordinal', 'reference'],
  'payment-voided': [20, 'ordinal', 'reference'],
  'request-answered': [21, 'id', 'fingerprint', 'about'],
  'order-part-refunded': [22, 'ordinal', 'amount', 'quantity', 'restock', 'reason', 'number'],
  'order-rest-refunded': [23, 'ordinal', 'amount', 'quantity', 'restock', 'reason'],
  'drop-paused': [24, 'extendHolds', 'reason'],
  'drop-resumed': [25],
  'payment-disputed': [26, 'ordinal', 'reference', 'amount', 'currency'],
  'dispute-closed': [27, 'ordinal', 'reference', 'outcome'],
  // Written from feature level 4 on.
  'drop-access-changed': [34, 'access', 'earlyAccessSeconds'],
};
const ORDER_WITH_METADATA = 30;
const CREATED_WITH_REVISION = 32;
const ORDER_WITH_PASS = 35;
const ORDER_WITH_METADATA_AND_PASS = 36;
/**
 * Kinds with further fields, which are written where these are there: from feature level 3 on, with
 * a pass from level 4 on.
 */
const EXTENDED: readonly (readonly [DropEventType, number, ...string[]])[] = [
  ['order-placed', ORDER_WITH_METADATA, 'userId', 'key', 'quantity', 'metadata'],
  ['drop-created', CREATED_WITH_REVISION, 'terms', 'stock', 'revision'],
  ['order-placed', ORDER_WITH_PASS, 'userId', 'key', 'quantity', 'pass'],
  ['order-placed', ORDER_WITH_METADATA_AND_PASS, 'userId', 'key', 'quantity', 'metadata', 'pass'],
];
const TYPES = new Map<number, { readonly type: string; readonly fields: readonly string[] }>();
for (const [type, [number, ...fields]] of Object.entries(KINDS))
  TYPES.set(number, { type, fields });
for (const [type, number, ...fields] of EXTENDED) TYPES.set(number, { type, fields });

// One packer is enough, because packing is not re-entrant.
const packr = new Packr({ useRecords: false });

export function encodeEntry(entry: Entry): Buffer {
  const body: unknown[] = [entry.shard, entry.sequence, entry.time];
  for (const change of entry.changes) {
    const flat: unknown[] = [];
    for (const event of change.events) {
      if (event.type === 'order-placed') {
        // The only hot kind: written without a lookup of its fields.
        const { userId, key, quantity, metadata, pass } = event;
        if (pass !== undefined) pushWithPass(flat, event, pass);
        else if (metadata === undefined) flat.push(0, userId, key, quantity);
        else flat.push(ORDER_WITH_METADATA, userId, key, quantity, metadata);
        continue;
      }
      const [number, ...fields] = kindOf(event);
      flat.push(number);
      const stored = storedEvent(event);
      for (const field of fields) flat.push(stored[field]);
    }
    body.push(change.dropId, change.versionBefore, flat);
  }
  const packed = packr.pack(body);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + packed.length);
  bytes.writeUInt16LE(MAGIC, 0);
  bytes.writeUInt16LE(FORMAT_VERSION, 2);
  bytes.writeUInt32LE(crc32(packed), 4);
  packed.copy(bytes, HEADER_BYTES);
  return bytes;
}

function pushWithPass(
  flat: unknown[],
  { userId, key, quantity, metadata }: DropEvent & { type: 'order-placed' },
  pass: number,
): void {
  if (metadata === undefined) flat.push(ORDER_WITH_PASS, userId, key, quantity, pass);
  else flat.push(ORDER_WITH_METADATA_AND_PASS, userId, key, quantity, metadata, pass);
}

function kindOf(event: DropEvent): readonly [number, ...string[]] {
  if (event.type === 'drop-created' && event.revision !== undefined)
    return [CREATED_WITH_REVISION, ...TYPES.get(CREATED_WITH_REVISION)!.fields];
  return KINDS[event.type];
}

/** Only `drop-created` has amounts under names. */
function storedEvent(event: DropEvent): Readonly<Record<string, unknown>> {
  if (event.type !== 'drop-created') return event;
  return { ...event, terms: withStoredNames(event.terms) };
}

/**
 * Errors: CorruptError if the bytes are damaged, belong to another entry, or have a newer format.
 */
export function decodeEntry(bytes: Uint8Array, shard: number, sequence: number): Entry {
  const where = `entry ${sequence} of shard ${shard}`;
  const body = packr.unpack(checked(bytes, where)) as [number, number, number, ...unknown[]];
  if (body[0] !== shard || body[1] !== sequence) {
    throw new CorruptError(`${where} says it is entry ${body[1]} of shard ${body[0]}`);
  }
  const changes: DropChanges[] = [];
  for (let i = 3; i + 2 < body.length; i += 3) {
    changes.push({
      dropId: body[i] as string,
      versionBefore: body[i + 1] as number,
      events: readEvents(body[i + 2] as unknown[], where),
    });
  }
  return { shard, sequence, time: body[2], changes };
}

/**
 * Compares an entry with its checksum and does not decode it. Errors: CorruptError if the bytes are
 * damaged or have a newer format.
 */
export function checkEntry(bytes: Uint8Array, shard: number, sequence: number): void {
  checked(bytes, `entry ${sequence} of shard ${shard}`);
}

/** What follows the header. */
function checked(bytes: Uint8Array, where: string): Uint8Array {
  if (bytes.length <= HEADER_BYTES) throw new CorruptError(`${where} is cut off`);
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  if (header.getUint16(0, true) !== MAGIC)
    throw new CorruptError(`${where} does not begin like an entry`);
  const version = header.getUint16(2, true);
  if (version !== FORMAT_VERSION)
    throw new CorruptError(`${where} has format ${version}, which this version cannot read`);
  const packed = bytes.subarray(HEADER_BYTES);
  if (crc32(packed) !== header.getUint32(4, true))
    throw new CorruptError(`${where} does not match its checksum`);
  return packed;
}

function readEvents(flat: readonly unknown[], where: string): DropEvent[] {
  const events: DropEvent[] = [];
  let at = 0;
  while (at < flat.length) {
    const number = flat[at++] as number;
    if (number === 0) {
      events.push({
        type: 'order-placed',
        userId: flat[at] as string,
        key: flat[at + 1] as string,
        quantity: flat[at + 2] as number,
      });
      at += 3;
      continue;
    }
    const kind = TYPES.get(number);
    if (kind === undefined)
      throw new CorruptError(`${where} holds an event of unknown kind ${number}`);
    const event: Record<string, unknown> = { type: kind.type };
    for (const field of kind.fields) event[field] = flat[at++];
    if (kind.type === 'drop-created')
      event['terms'] = withOurNames<DropTerms>(event['terms'] as Stored<DropTerms>);
    events.push(event as unknown as DropEvent);
  }
  return events;
}

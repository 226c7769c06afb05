// 256 orders of a drop in columns, for what later events say of an order by its ordinal alone: how
// many units it has, whose it is, whether and when it was sold, and what was refunded of it in
// parts. 20 bytes an order, and the form in which the store has them.

import { Buffer } from 'node:buffer';
import { assert } from '../../domain/assert.ts';

export const SEGMENT_ORDERS = 256;
const HEADER_BYTES = 8;
const ORDER_BYTES = 20;

/** What was refunded of an order in parts. */
export interface PartsRefunded {
  amount: number;
  units: number;
}

export class OrderSegment {
  size = 0;
  readonly quantities = new Uint32Array(SEGMENT_ORDERS);
  readonly userLow = new Uint32Array(SEGMENT_ORDERS);
  readonly userHigh = new Uint32Array(SEGMENT_ORDERS);
  /** The moment of the sale, as `events/analytics/buyers.ts` has it; 0: not sold. */
  readonly soldAt = new Float64Array(SEGMENT_ORDERS);
  /** By place in the segment. */
  readonly parts = new Map<number, PartsRefunded>();
  /** Changed since it was stored. */
  isChanged = false;
  usedAt = 0;

  add(quantity: number, hash: Uint32Array, soldAt: number): void {
    const at = this.size++;
    this.quantities[at] = quantity;
    this.userLow[at] = hash[0]!;
    this.userHigh[at] = hash[1]!;
    this.soldAt[at] = soldAt;
    this.isChanged = true;
  }

  /** Of the order at this place, to be changed. */
  partsOf(at: number): PartsRefunded {
    let parts = this.parts.get(at);
    if (parts === undefined) {
      parts = { amount: 0, units: 0 };
      this.parts.set(at, parts);
    }
    return parts;
  }

  encode(): Buffer {
    const parts = this.parts.size === 0 ? '' : JSON.stringify([...this.parts]);
    const { size } = this;
    const bytes = Buffer.alloc(HEADER_BYTES + size * ORDER_BYTES + Buffer.byteLength(parts));
    bytes.writeUInt32LE(size, 0);
    bytes.writeUInt32LE(Buffer.byteLength(parts), 4);
    let at = HEADER_BYTES;
    for (let i = 0; i < size; i++) {
      bytes.writeUInt32LE(this.quantities[i]!, at);
      bytes.writeUInt32LE(this.userLow[i]!, at + 4);
      bytes.writeUInt32LE(this.userHigh[i]!, at + 8);
      bytes.writeDoubleLE(this.soldAt[i]!, at + 12);
      at += ORDER_BYTES;
    }
    bytes.write(parts, at);
    return bytes;
  }

  static decode(stored: Uint8Array): OrderSegment {
    const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
    const segment = new OrderSegment();
    const size = bytes.readUInt32LE(0);
    const end = HEADER_BYTES + size * ORDER_BYTES;
    assert(
      size <= SEGMENT_ORDERS && bytes.length === end + bytes.readUInt32LE(4),
      'a segment of orders has the length that it says',
    );
    for (let i = 0, at = HEADER_BYTES; i < size; i++, at += ORDER_BYTES) {
      segment.quantities[i] = bytes.readUInt32LE(at);
      segment.userLow[i] = bytes.readUInt32LE(at + 4);
      segment.userHigh[i] = bytes.readUInt32LE(at + 8);
      segment.soldAt[i] = bytes.readDoubleLE(at + 12);
    }
    segment.size = size;
    if (bytes.length > end)
      for (const [at, parts] of JSON.parse(bytes.toString('utf8', end)) as [
        number,
        PartsRefunded,
      ][])
        segment.parts.set(at, parts);
    return segment;
  }
}

// Passes that are made together (D9): they have one drop and the same terms, and serials in a row
// from a random first one. Nothing of them is stored, and the same batch is the same passes again.
// That two batches of a drop have a serial in common has a chance of their lengths together to
// 2^39. Then two people share what one pass allows: less is sold, never more.

import { stringify } from 'csv-stringify/sync';
import type { ExportFormat } from '../../contracts/orders.ts';
import type { MadePass, NewPasses } from '../../contracts/passes.ts';
import { PASS_SERIALS, passNumber } from '../../domain/pass.ts';
import { CSV_FORM } from '../csv-form.ts';
import type { RandomBytes } from '../random-bytes.ts';
import type { PassTexts } from './pass-texts.ts';

const SERIAL_BYTES = 6;

export interface PassBatch {
  readonly dropId: string;
  readonly firstSerial: number;
  readonly units: number;
  readonly singleUse: boolean;
  /** Milliseconds since the Unix epoch; 0: the passes have no time of their own. */
  readonly from: number;
}

/** Null: it is for who has it. */
export type PassReceiver = string | null;

export function passBatch(
  dropId: string,
  firstSerial: number,
  { units = 1, singleUse = false, from = 0 }: Pick<NewPasses, 'units' | 'singleUse' | 'from'>,
): PassBatch {
  return { dropId, firstSerial, units, singleUse, from };
}

export function randomSerial(random: RandomBytes): number {
  const bytes = Buffer.from(random(SERIAL_BYTES));
  return bytes.readUIntBE(0, SERIAL_BYTES) % PASS_SERIALS;
}

/** One pass for each receiver. `index`: how many passes of the batch are before the first one. */
export function makePasses(
  texts: PassTexts,
  batch: PassBatch,
  index: number,
  receivers: readonly PassReceiver[],
): MadePass[] {
  const { dropId, firstSerial, units, singleUse, from } = batch;
  return receivers.map((userId, i) => {
    const serial = (firstSerial + index + i) % PASS_SERIALS;
    const number = passNumber({ serial, units, singleUse });
    const pass = texts.write({ dropId, userId, pass: { number, from } });
    return userId === null ? { pass } : { pass, userId };
  });
}

/** What stands before the first pass in a file. */
export function passListHead(format: ExportFormat): string {
  return format === 'csv' ? stringify([['pass', 'userId']], CSV_FORM) : '';
}

export function passLines(format: ExportFormat, passes: readonly MadePass[]): string {
  if (format === 'ndjson') return passes.map((made) => `${JSON.stringify(made)}\n`).join('');
  const rows = passes.map(({ pass, userId = null }) => [pass, userId]);
  return stringify(rows, CSV_FORM);
}

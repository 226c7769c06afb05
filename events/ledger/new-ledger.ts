// A ledger that begins.

import { randomBytes } from 'node:crypto';
import type { NewLedger } from '../../storage/ports/ledger.ts';
import { newLedgerKey, originOf } from './signed-note.ts';

const ID_BYTES = 8;
const SECRET_BYTES = 32;

/** `now`: milliseconds since the Unix epoch. */
export function newLedger(now: number): NewLedger {
  const id = randomBytes(ID_BYTES).toString('hex');
  const secret = randomBytes(SECRET_BYTES).toString('base64');
  return { id, secret, key: newLedgerKey(originOf(id), now) };
}

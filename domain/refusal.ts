// Makes outcomes: what a decision or a use case gives back. A refusal is a value that callers
// branch on; a fault is thrown.

import type { Refusal, RefusalCode, Success } from '../contracts/refusals.ts';

export function success<T>(value: T): Success<T> {
  return { ok: true, value };
}

export function refusal(code: RefusalCode, detail?: string): Refusal {
  return detail === undefined ? { ok: false, code } : { ok: false, code, detail };
}

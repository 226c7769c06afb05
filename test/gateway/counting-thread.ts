// The program of a thread that takes what it gets of something that all threads share, at the same
// time as the others, and says how much that was.

import { parentPort, workerData } from 'node:worker_threads';
import type { RatePolicy } from '../../domain/rate-limiter.ts';
import { SharedPlaces } from '../../gateway/http/places.ts';
import { SharedRateLimiter } from '../../gateway/http/shared-rate-limiter.ts';

export type CountingTask = {
  readonly table: SharedArrayBuffer;
  readonly tries: number;
  /** All threads begin when all have come here. */
  readonly gate: SharedArrayBuffer;
  readonly threads: number;
} & (
  | { readonly kind: 'rate'; readonly policy: RatePolicy }
  | { readonly kind: 'places'; readonly max: number }
);

const NOW_MS = 1_000;
const task = workerData as CountingTask;
const gate = new Int32Array(task.gate);
Atomics.add(gate, 0, 1);
Atomics.notify(gate, 0);
for (;;) {
  const come = Atomics.load(gate, 0);
  if (come >= task.threads) break;
  Atomics.wait(gate, 0, come);
}
const take = taker();
let taken = 0;
for (let turn = 0; turn < task.tries; turn++) if (take()) taken += 1;
parentPort!.postMessage(taken);

function taker(): () => boolean {
  if (task.kind === 'places') {
    const places = new SharedPlaces(task.table);
    return () => places.take('all', task.max);
  }
  const limiter = new SharedRateLimiter(task);
  return () => limiter.take('ann', NOW_MS) === 0;
}

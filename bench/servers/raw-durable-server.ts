// The durable floor: a bare server that answers an order when it is on disk, and does nothing else.
// As in LiveDrops, the orders of one turn of the event loop go to a thread as one row, one commit
// is in flight, and the next orders gather meanwhile. Usage: raw-durable-server.ts BYTES STATUS
// FILE

import { Worker } from 'node:worker_threads';
import { serveOrders } from './raw-orders.ts';

const thread = new Worker(new URL('./group-commit.ts', import.meta.url), {
  workerData: { file: process.argv[4] },
});
let waiting: (() => void)[] = [];
let inFlight: readonly (() => void)[] = [];
let isPlanned = false;

function plan(): void {
  if (isPlanned || inFlight.length > 0 || waiting.length === 0) return;
  isPlanned = true;
  setImmediate(commit);
}

function commit(): void {
  isPlanned = false;
  inFlight = waiting;
  waiting = [];
  thread.postMessage(inFlight.length);
}

thread.on('message', () => {
  const answers = inFlight;
  inFlight = [];
  for (const answer of answers) answer();
  plan();
});

serveOrders((answer) => {
  waiting.push(answer);
  plan();
});

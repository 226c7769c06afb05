// The program of a thread that writes numbered messages into a ring.

import { workerData } from 'node:worker_threads';
import { RingWriter } from '../../../actors/threads/ring.ts';
import { wholeMessage } from './whole-message.ts';

const { ring, count } = workerData as { ring: SharedArrayBuffer; count: number };
const writer = new RingWriter(ring);
for (let number = 0; number < count; ) {
  if (writer.write(wholeMessage(number))) number += 1;
  // With one core the reader would else wait for the end of this thread's time.
  else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

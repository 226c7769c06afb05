import { Worker } from 'node:worker_threads';
import test from 'ava';
import fc from 'fast-check';
import { createRing, RingReader, RingWriter } from '../../../actors/threads/ring.ts';
import { isWhole, numberOf } from './whole-message.ts';

const CAPACITY = 1_024;

function ends(capacity = CAPACITY): { readonly writer: RingWriter; readonly reader: RingReader } {
  const ring = createRing(capacity);
  return { writer: new RingWriter(ring), reader: new RingReader(ring) };
}

const length = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: 0, max: CAPACITY / 2 - 4 }),
);
const step = fc.oneof(
  fc.record({ write: length }),
  fc.record({ read: fc.integer({ min: 1, max: 5 }) }),
);

test('whatever is written and read in turn, all comes once, whole and in order', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const { writer, reader } = ends();
        const waiting: Buffer[] = [];
        let written = 0;
        const readOne = (): void => {
          const message = reader.read();
          const expected = waiting.shift();
          t.deepEqual(message, expected ?? null);
        };
        for (const one of steps) {
          if ('read' in one) for (let i = 0; i < one.read; i++) readOne();
          else {
            const message = Buffer.alloc(one.write, (written += 1));
            const used = waiting.reduce((sum, { length: size }) => sum + size + 8, 0);
            const isTaken = writer.write(message);
            if (isTaken) waiting.push(message);
            // What cannot be skipped at the end and what waits is all that may be in the way.
            else t.true(used + 2 * (one.write + 8) > CAPACITY, `${used} and ${one.write}`);
          }
        }
        while (waiting.length > 0) readOne();
        t.is(reader.read(), null);
      }),
    ),
  );
});

test('an empty ring takes the longest message wherever it is, and longer ones throw', (t) => {
  const { writer, reader } = ends();
  for (let skip = 0; skip < CAPACITY; skip += 4) {
    t.true(writer.write(Buffer.alloc(0)));
    t.is(reader.read()?.length, 0);
    t.true(writer.write(Buffer.alloc(writer.messageMax, 7)), String(skip));
    t.deepEqual(reader.read(), Buffer.alloc(writer.messageMax, 7));
  }
  t.throws(() => writer.write(Buffer.alloc(writer.messageMax + 1)));
});

test('a full ring takes nothing and loses nothing, and tells when there is room', (t) => {
  const { writer, reader } = ends();
  let count = 0;
  while (writer.write(Buffer.alloc(60, count))) count += 1;
  t.is(count, CAPACITY / 64);
  t.deepEqual([reader.feeds(), reader.feeds()], [true, false], 'it is told once');
  t.false(writer.write(Buffer.alloc(60)));
  t.deepEqual(reader.read(), Buffer.alloc(60, 0));
  t.true(reader.feeds());
  t.true(writer.write(Buffer.alloc(60, count)));
  for (let at = 1; at <= count; at++) t.deepEqual(reader.read(), Buffer.alloc(60, at));
  t.is(reader.read(), null);
});

test('positions go on beyond 32 bits', (t) => {
  const ring = createRing(CAPACITY);
  // The positions of a ring that has passed on nearly 4 GiB.
  const state = new Int32Array(ring, 0, 64);
  state[0] = -512;
  state[16] = -512;
  const [writer, reader] = [new RingWriter(ring), new RingReader(ring)];
  for (let at = 0; at < 40; at++) {
    t.true(writer.write(Buffer.alloc(100, at)));
    t.deepEqual(reader.read(), Buffer.alloc(100, at));
  }
});

test('a reader is woken once, by the first message after it slept', (t) => {
  const { writer, reader } = ends();
  t.false(writer.wakes());
  t.true(reader.sleep());
  writer.write(Buffer.alloc(1));
  t.deepEqual([writer.wakes(), writer.wakes()], [true, false]);
  t.false(reader.sleep(), 'there is something to read');
  t.false(writer.wakes());
});

test('between threads no message is torn, lost or out of order', async (t) => {
  const ring = createRing(64 * CAPACITY);
  const reader = new RingReader(ring);
  const count = 20_000;
  const worker = new Worker(new URL('ring-writer.ts', import.meta.url), {
    workerData: { ring, count },
  });
  t.teardown(() => worker.terminate());
  let next = 0;
  while (next < count) {
    const message = reader.read();
    if (message === null) {
      await new Promise((resolve) => setImmediate(resolve));
      continue;
    }
    if (numberOf(message) !== next || !isWhole(message)) break;
    next += 1;
  }
  t.is(next, count);
});

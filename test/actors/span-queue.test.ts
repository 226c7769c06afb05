import test from 'ava';
import type { FinishedSpan } from '../../actors/tracing/span.ts';
import { newSpanId, newTraceId } from '../../actors/tracing/trace-context.ts';
import { type SpanExporter, SpanQueue } from '../../actors/tracing/span-queue.ts';
import { flush, ManualClock } from './manual-clock.ts';

const NO_LOG = { warn: () => undefined };

function span(): FinishedSpan {
  return {
    traceId: newTraceId(),
    spanId: newSpanId(),
    parentId: null,
    name: 'work',
    kind: 'internal',
    startMs: 0,
    endMs: 1,
    attributes: {},
    links: [],
    error: null,
  };
}

function start(
  send: SpanExporter['send'],
  countMax = 300,
  stop: SpanExporter['stop'] = async () => undefined,
) {
  const clock = new ManualClock(0);
  const exporter = { send, stop };
  return { clock, queue: new SpanQueue({ exporter, countMax, clock, log: NO_LOG }) };
}

test('L4: spans go in batches, one at a time; what finds no room is dropped and counted', async (t) => {
  const sizes: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const { queue } = start(async (spans) => {
    sizes.push(spans.length);
    await promise;
  }, 1_200);
  for (let i = 0; i < 3_000; i++) queue.add(span());
  t.deepEqual(sizes, [512]);
  t.is(queue.room, 0);
  t.deepEqual(queue.sample(), { waiting: 1_200, sent: 0, failed: 0, dropped: 3_000 - 512 - 1_200 });
  resolve();
  await flush();
  t.deepEqual(sizes, [512, 512, 512]);
  await queue.stop(1_000);
  t.deepEqual(sizes, [512, 512, 512, 176]);
  t.like(queue.sample(), { waiting: 0, sent: 1_712 });
});

test('L4: spans that the receiver does not take are counted, and others follow', async (t) => {
  let fails = true;
  const { clock, queue } = start(async () => {
    if (fails) throw new Error('no receiver');
  });
  for (let i = 0; i < 10; i++) queue.add(span());
  await clock.advance(1_000);
  await flush();
  t.like(queue.sample(), { sent: 0, failed: 10, waiting: 0 });
  fails = false;
  queue.add(span());
  await clock.advance(1_000);
  await flush();
  t.like(queue.sample(), { sent: 1, failed: 10 });
  await queue.stop(1_000);
});

test('L4: a stop sends what waits, and waits for a silent receiver within its bound', async (t) => {
  const { queue } = start(() => new Promise(() => undefined), 1_200);
  for (let i = 0; i < 600; i++) queue.add(span());
  await queue.stop(50);
  t.like(queue.sample(), { waiting: 0, sent: 0, dropped: 88 });
});

test('L4: a stop has one bound for sending and for ending the exporter', async (t) => {
  const sent = Promise.withResolvers<void>();
  const ends = { count: 0 };
  const { queue } = start(
    () => sent.promise,
    300,
    async () => {
      ends.count += 1;
      await new Promise(() => undefined);
    },
  );
  queue.add(span());
  await queue.stop(50);
  t.is(ends.count, 0);
  sent.resolve();
  await flush();
  t.is(ends.count, 1);
});

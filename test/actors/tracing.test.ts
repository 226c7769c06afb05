import test from 'ava';
import { traceHeaderLines, traceOf } from '../../gateway/http/trace.ts';
import { BatchTrace, ConsumedTrace } from '../../actors/tracing/batch-trace.ts';
import { joinTraces, traceOfCommand } from '../../actors/tracing/call-traces.ts';
import type { FinishedSpan } from '../../actors/tracing/span.ts';
import {
  callOf,
  callSpanId,
  contextOf,
  entryContext,
  isInRatio,
  newSpanId,
  newTraceId,
  traceIdOf,
  traceparentOf,
} from '../../actors/tracing/trace-context.ts';
import { ChosenTraces, markIn, markInBytes } from '../../actors/tracing/chosen-traces.ts';
import { type JoinedOrder, JoinedOrders } from '../../actors/tracing/joined-orders.ts';
import { Tracing } from '../../actors/tracing/tracing.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { dropView, orderView } from '../services/harness.ts';
import { ManualClock } from './manual-clock.ts';

const NOW = 1_800_000_000_000;
const HOLD_MS = 2_000;
/** By then everything has left that was held before. */
const AFTERWARDS_MS = HOLD_MS * 2;

interface Options {
  readonly ratio?: number;
  readonly heldMax?: number;
  readonly roomMax?: number;
}

function start({ ratio = 0, heldMax = 1_000, roomMax = 10_000 }: Options = {}) {
  const clock = new ManualClock(NOW);
  const spans: FinishedSpan[] = [];
  const announced: string[][] = [];
  const tracing = new Tracing({
    ratio,
    slow: { ordersMs: 500, readsMs: 200 },
    holdMs: HOLD_MS,
    heldMax,
    clock,
    spans: {
      get room() {
        return roomMax - spans.length;
      },
      add: (span) => void spans.push(span),
    },
  });
  const joined: JoinedOrder[] = [];
  tracing.announceBy((traceIds, orders) => {
    if (traceIds.length > 0) announced.push([...traceIds]);
    joined.push(...orders);
  });
  tracing.start();
  return { clock, spans, announced, joined, tracing };
}

function traceparent(isSampled = false): string {
  return traceparentOf({ traceId: newTraceId(), spanId: newSpanId(), isSampled });
}

test('L4: a ratio chooses its share, the same on every node, of ids that differ at their ends', (t) => {
  const own = Array.from({ length: 100_000 }, () => traceOf(traceHeaderLines('', '')).traceparent);
  const chosen = own.filter((one) => isInRatio(one, 3, 0.01));
  t.true(chosen.length > 800 && chosen.length < 1_200, String(chosen.length));
  t.true(chosen.every((one) => isInRatio(traceIdOf(one), 0, 0.01)));
  // Whoever chooses a smaller share chooses among the same.
  t.true(own.filter((one) => isInRatio(one, 3, 0.001)).every((one) => chosen.includes(one)));
  t.is(own.filter((one) => isInRatio(one, 3, 0)).length, 0);
  t.is(own.filter((one) => isInRatio(one, 3, 1)).length, own.length);
});

test('L4: the trace of an entry is the same wherever it is made, and each has its own', (t) => {
  const entry = { shard: 7, sequence: 2 ** 40 + 3, time: NOW };
  t.deepEqual(entryContext(entry), entryContext({ ...entry }));
  const ids = new Set<string>();
  for (let shard = 0; shard < 20; shard++)
    for (let sequence = 1; sequence <= 200; sequence++)
      for (const time of [NOW, NOW + 1]) {
        const { traceId, spanId } = entryContext({ shard, sequence, time });
        t.not(contextOf(traceparentOf({ traceId, spanId, isSampled: false })), null);
        ids.add(traceId);
      }
  t.is(ids.size, 20 * 200 * 2);
});

test('H4: contexts of commands travel as one text', (t) => {
  const [first, second] = [traceparent(), traceparent(true)];
  const joined = joinTraces([{ traceparent: first }, {}, null, { traceparent: second }])!;
  t.deepEqual(
    [0, 1, 2, 3].map((index) => traceOfCommand(joined, index)),
    [first, '', '', second],
  );
  t.is(joinTraces([{}, null]), undefined);
  const { traceId, spanId } = contextOf(first)!;
  t.deepEqual(contextOf(callOf(first)), {
    traceId,
    spanId: callSpanId(spanId),
    isSampled: false,
  });
  t.not(callSpanId(spanId), spanId);
  for (const not of ['', 'x', `00-${'0'.repeat(32)}-${spanId}-00`, `${first}-x`])
    t.is(contextOf(not), null, not);
});

test('L4: at ratio 0 only what was chosen is sent, and others are told of it', async (t) => {
  const { clock, spans, announced, tracing } = start();
  const parents = [traceparent(), traceparent(), traceparent()];
  const begun = parents.map((parent) => tracing.begin({ name: 'work', kind: 'internal', parent }));
  begun[0]!.end();
  begun[1]!.end('fault');
  begun[2]!.end();
  const ids = parents.map(traceIdOf);
  tracing.choose(ids[1]!, 'slow');
  await clock.advance(200);
  t.deepEqual(announced, [[ids[1]!]]);
  // Another node found the last one slow.
  tracing.chosen([ids[2]!]);
  await clock.advance(AFTERWARDS_MS);
  t.deepEqual(
    spans.map(({ traceId, error }) => [traceId, error]),
    [
      [ids[1]!, 'fault'],
      [ids[2]!, null],
    ],
  );
  t.deepEqual(announced, [[ids[1]!]]);
  t.like(tracing.sample(), { held: 0, chosen: { slow: 0, failed: 1 } });
  t.is(spans[0]!.startMs, NOW);
});

test('L4: what came too late to be chosen here is sent while its trace is known', async (t) => {
  const { clock, spans, tracing } = start();
  const parent = traceparent();
  tracing.choose(traceIdOf(parent), 'slow');
  await clock.advance(60_000);
  tracing.begin({ name: 'late', kind: 'internal', parent }).end();
  await clock.advance(AFTERWARDS_MS);
  t.is(spans.length, 1);
  await clock.advance(10 * 60_000);
  tracing.begin({ name: 'much later', kind: 'internal', parent }).end();
  await clock.advance(AFTERWARDS_MS);
  t.is(spans.length, 1);
});

test('L4: a node chooses so many traces in a second, and counts the others', async (t) => {
  const { clock, tracing } = start();
  for (let i = 0; i < 150; i++) tracing.choose(newTraceId(), 'slow');
  for (let i = 0; i < 10; i++) tracing.choose(newTraceId(), 'failed');
  t.like(tracing.sample(), {
    chosen: { slow: 100, failed: 10 },
    passedOver: { slow: 50, failed: 0 },
  });
  await clock.advance(1_000);
  for (let i = 0; i < 150; i++) tracing.choose(newTraceId(), 'slow');
  t.like(tracing.sample(), {
    chosen: { slow: 200, failed: 10 },
    passedOver: { slow: 100, failed: 0 },
  });
});

test('L4: what is held is bounded: the oldest leaves earlier, and is counted', async (t) => {
  const { clock, spans, tracing } = start({ heldMax: 10 });
  const first = traceparent(true);
  tracing.begin({ name: 'first', kind: 'internal', parent: first }).end();
  await clock.advance(300);
  for (let i = 0; i < 25; i++)
    tracing.begin({ name: 'more', kind: 'internal', parent: traceparent() }).end();
  t.true(tracing.sample().held <= 10);
  t.true(tracing.sample().hurried >= 15);
  // It was to be sent anyway, so it was.
  t.deepEqual(
    spans.map(({ name }) => name),
    ['first'],
  );
});

test('L4: of a trace that finds no room nothing is sent from here, and that is counted', async (t) => {
  const { clock, spans, tracing } = start({ ratio: 1, roomMax: 20 });
  for (let i = 0; i < 10; i++) tracing.begin({ name: 'work', kind: 'internal' }).end();
  await clock.advance(AFTERWARDS_MS);
  t.is(spans.length, 5);
  t.is(tracing.sample().noRoom, 5);
});

const ENTRY = { shard: 3, epoch: 2, sequence: 9, time: NOW };

function batchOf(tracing: Tracing, parents: readonly string[]): BatchTrace {
  const traces = {
    joined: joinTraces(parents.map((one) => ({ traceparent: one })))!,
    receivedAt: tracing.now(),
  };
  const batch = new BatchTrace(tracing, ENTRY.shard);
  parents.forEach((_, index) => batch.add(traces, index, 'place-order'));
  batch.add(null, 0, 'get-order');
  return batch;
}

test('L4: a batch is linked with the commands whose traces are sent, and they with it', async (t) => {
  const { clock, spans, announced, tracing } = start();
  const parents = Array.from({ length: 200 }, () => traceparent());
  const batch = batchOf(tracing, parents);
  batch.decided();
  await clock.advance(40);
  batch.ended(ENTRY);
  const consumed = new ConsumedTrace(tracing, 'lists', [batch]);
  consumed.ended(null);
  for (const parent of parents.slice(0, 150)) tracing.chosen([traceIdOf(parent)]);
  await clock.advance(AFTERWARDS_MS);
  const entry = entryContext(ENTRY);
  const own = spans.find(({ name }) => name === 'shard.batch')!;
  const executed = spans.filter(({ name }) => name === 'shard.execute place-order');
  t.is(executed.length, 150);
  t.like(own, { ...entry, parentId: null });
  t.is(own.attributes['livedrops.commands'], 201);
  t.is(own.links.length, 128);
  t.true(own.links.every(({ spanId }) => executed.some((span) => span.spanId === spanId)));
  t.true(executed.every(({ links }) => links[0]!.spanId === entry.spanId));
  t.deepEqual(
    executed.map(({ parentId }) => parentId),
    parents.slice(0, 150).map((parent) => contextOf(parent)!.spanId),
  );
  for (const name of ['journal.append', 'relay lists']) {
    const found = spans.filter((span) => span.name === name);
    t.deepEqual(
      found.map(({ parentId }) => parentId),
      executed.map(({ spanId }) => spanId),
    );
  }
  const append = spans.find(({ name }) => name === 'journal.append')!;
  t.is(Math.round(append.endMs - append.startMs), 40);
  // What follows from the entry on other nodes is sent as well.
  t.true(announced.flat().includes(entry.traceId));
});

const placed = (id: string) => success({ order: orderView({ id }), replayed: false });

test('L4: what is about one order of a batch goes on in its trace, on every node', async (t) => {
  const owner = start();
  const other = start();
  const parents = Array.from({ length: 3 }, () => traceparent());
  const batch = batchOf(owner.tracing, parents);
  batch.decided();
  batch.ended(ENTRY, [placed('d_1-0'), placed('d_1-1'), refusal('sold-out'), success(dropView())]);
  owner.tracing.chosen([traceIdOf(parents[1]!)]);
  other.tracing.chosen([traceIdOf(parents[1]!)]);
  // What another node does meanwhile knows the entry and the orders only.
  const job = other.tracing.begin({ name: 'job', kind: 'consumer', parent: entryContext(ENTRY) });
  for (const orderId of ['d_1-0', 'd_1-1'])
    other.tracing.begin({ name: 'push', kind: 'client', parent: job.traceparent, orderId }).end();
  job.end();
  await owner.clock.advance(HOLD_MS + 500);
  t.deepEqual(
    owner.joined.map(({ orderId }) => orderId),
    ['d_1-1'],
  );
  other.tracing.chosen(owner.announced.flat(), owner.joined);
  await other.clock.advance(AFTERWARDS_MS);
  const executed = owner.spans.find(({ name }) => name === 'shard.execute place-order')!;
  const jobPlace = contextOf(job.traceparent)!;
  const pushes = other.spans.filter(({ name }) => name === 'push');
  t.is(pushes.length, 2);
  const [inOrder] = pushes.filter(({ traceId }) => traceId === executed.traceId);
  t.like(inOrder, {
    parentId: executed.spanId,
    links: [{ traceId: jobPlace.traceId, spanId: jobPlace.spanId }],
  });
  // Of the other order no trace is sent: its push stays with the entry.
  const [inEntry] = pushes.filter(({ traceId }) => traceId === jobPlace.traceId);
  t.like(inEntry, { parentId: jobPlace.spanId, links: [] });
});

test('L4: contexts are passed over by a mark that every chosen trace has', (t) => {
  const chosen = new ChosenTraces({ countMax: 500 });
  const contexts = Array.from({ length: 10_000 }, () => traceparent());
  for (const one of contexts.slice(0, 900)) chosen.add(traceIdOf(one));
  const known = contexts.slice(0, 900);
  t.true(known.every((one) => chosen.mayHave(markIn(one, 0)) && chosen.has(traceIdOf(one))));
  const bytes = Buffer.from(known.join(''), 'latin1');
  for (const [index, one] of known.entries())
    t.is(markInBytes(bytes, index * one.length), markIn(one, 0));
  const others = contexts.slice(900).filter((one) => chosen.mayHave(markIn(one, 0)));
  t.true(others.length < 100, String(others.length));
  t.false(others.some((one) => chosen.has(traceIdOf(one))));
  chosen.age();
  chosen.age();
  t.is(contexts.filter((one) => chosen.mayHave(markIn(one, 0))).length, 0);
});

test('L4: an order is known for a generation, and of too many the oldest are gone', (t) => {
  const orders = new JoinedOrders({ countMax: 2 });
  const command = { traceId: newTraceId(), spanId: newSpanId() };
  for (const orderId of ['a', 'b', 'c']) orders.add({ entryTraceId: 'entry', orderId, command });
  t.deepEqual(orders.find('entry', 'a'), command);
  t.is(orders.find('another', 'a'), null);
  orders.age();
  t.deepEqual([orders.find('entry', 'a'), orders.find('entry', 'c')], [null, command]);
});

test('L4: commands of a batch that failed are sent, as far as a second allows', async (t) => {
  const { clock, spans, tracing } = start();
  const parents = Array.from({ length: 120 }, () => traceparent());
  const batch = batchOf(tracing, parents);
  batch.decided();
  batch.failed('append-failed');
  await clock.advance(AFTERWARDS_MS);
  const executed = spans.filter(({ name }) => name === 'shard.execute place-order');
  t.is(executed.length, 100);
  t.true(executed.every(({ error }) => error === 'append-failed'));
});

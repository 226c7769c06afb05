// Where traces are off nothing is made for them: no field between nodes, in jobs or in headers.

import test from 'ava';
import { ServiceBroker } from 'moleculer';
import pino from 'pino';
import { systemClock } from '../../actors/clock.ts';
import { BrokerRouter } from '../../actors/cluster/broker-router.ts';
import { soleOwner } from '../../actors/cluster/placement-watch.ts';
import type { ExecuteParams } from '../../actors/cluster/shard-service.ts';
import { withTrace } from '../../actors/tracing/active-trace.ts';
import { traceOfCommand } from '../../actors/tracing/call-traces.ts';
import { Tracing } from '../../actors/tracing/tracing.ts';
import { callWebhook } from '../../app/webhooks/webhook-call.ts';
import { refusal } from '../../domain/refusal.ts';
import { JobQueue } from '../../events/jobs/job-queue.ts';
import type { OutboundCall } from '../../events/outbound/outbound-client.ts';
import { brokerOptions } from '../../moleculer.config.ts';
import type { JobStore } from '../../storage/ports/jobs.ts';
import type { Job } from '../../contracts/jobs.ts';
import { place } from './harness.ts';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
const NODE = 'owner';

function newTracing(): Tracing {
  return new Tracing({
    ratio: 0,
    slow: { ordersMs: 500, readsMs: 200 },
    holdMs: 1_000,
    heldMax: 100,
    clock: systemClock,
    spans: { room: 100, add: () => undefined },
  });
}

/** What the owner's action got. */
async function paramsOf(tracing: Tracing | null): Promise<ExecuteParams> {
  const log = pino({ level: 'silent' });
  const broker = new ServiceBroker(brokerOptions({ nodeId: NODE, natsUrl: null, log, tracing }));
  const { promise, resolve } = Promise.withResolvers<ExecuteParams>();
  broker.createService({
    name: 'shards',
    actions: {
      execute({ params }: { params: ExecuteParams }) {
        if (!('commands' in params)) return;
        const { commands, sink } = params;
        resolve(params);
        const reply = refusal('not-found');
        sink.replied(
          commands.map((_, index) => index),
          commands.map(() => reply),
        );
      },
    },
  });
  await broker.start();
  const router = new BrokerRouter({
    broker,
    owners: soleOwner(NODE),
    shardCount: 8,
    tracing,
    clock: systemClock,
    log,
  });
  const replied = withTrace({ traceparent: TRACEPARENT }, () => router.send(place('ann')));
  router.submit(place('ben'), { complete: () => undefined });
  const params = await promise;
  await replied;
  await broker.stop();
  return params;
}

test('L4: without traces a call to an owner has no field for them', async (t) => {
  t.false('traces' in (await paramsOf(null)));
  const { traces } = await paramsOf(newTracing());
  const [, traceId] = traceOfCommand(traces!, 0).split('-');
  t.is(traceId, TRACEPARENT.split('-')[1]);
  t.is(traceOfCommand(traces!, 1), '');
});

test('L4: without traces a job has no context', async (t) => {
  for (const isTracing of [false, true]) {
    const added: Job[] = [];
    const jobs = { add: async (job: Job) => (added.push(job), 'added') } as unknown as JobStore;
    const queue = new JobQueue({ jobs, now: () => 0, isTracing });
    const job = {
      id: 'job_1',
      kind: 'tell-buyers',
      callerId: 'x',
      subject: 'y',
      params: {},
      total: null,
    } as const;
    await withTrace({ traceparent: TRACEPARENT }, () => queue.add(job));
    t.is(added[0]!.traceparent, isTracing ? TRACEPARENT : undefined);
    t.is('traceparent' in added[0]!, isTracing);
  }
});

test('L4: without traces the call of a webhook has no header of one', async (t) => {
  for (const tracing of [null, newTracing()]) {
    const calls: OutboundCall[] = [];
    const outbound = {
      async call(call: OutboundCall) {
        calls.push(call);
        return {
          ok: true,
          status: 204,
          headers: {},
          body: Buffer.alloc(0),
          isWhole: true,
        } as const;
      },
    };
    const options = { outbound, tracing, now: () => 0, monotonic: () => 0 };
    const webhook = { url: 'https://shop.example/hook', secrets: [] };
    const call = { webhook, messageId: 'msg_o_3_9_0_abc', body: '{}' };
    await callWebhook(options, call, new AbortController().signal);
    t.is('traceparent' in calls[0]!.headers!, tracing !== null);
  }
});

// The program of a gateway thread (decision 116): a gateway that has its main thread in place of
// shards, services and stores.

import { isMainThread, workerData } from 'node:worker_threads';
import { Registry } from 'prom-client';
import { type Clock, systemClock } from '../actors/clock.ts';
import { ThreadLiveBus } from '../actors/threads/live-bus-thread.ts';
import { RingLink } from '../actors/threads/ring-link.ts';
import { ThreadPort } from '../actors/threads/thread-port.ts';
import { ThreadRouter } from '../actors/threads/thread-router.ts';
import { activeTrace } from '../actors/tracing/active-trace.ts';
import type { Announce } from '../actors/tracing/tracing.ts';
import type { CallAction } from '../contracts/actions.ts';
import type { CommandReply } from '../contracts/commands.ts';
import { assert } from '../domain/assert.ts';
import { RestrictionSet } from '../events/restriction-set.ts';
import { GatewayAnalytics } from '../gateway/analytics/gateway-analytics.ts';
import { createGateway } from '../gateway/gateway.ts';
import { EndedSessions } from '../gateway/http/ended-sessions.ts';
import type { MainGateway } from '../gateway/http/forwarded.ts';
import type { LiveHub } from '../gateway/live/hub.ts';
import { threadMetrics } from '../gateway/metrics/thread-metrics.ts';
import type {
  GatewayThreadData,
  MainAsks,
  MainTells,
  ThreadAsks,
  ThreadTells,
} from './gateway-messages.ts';
import { createLog } from './log.ts';
import { nodeGateway } from './node-gateway.ts';
import { createTokens } from './tokens.ts';
import { ToldLimits } from './told-limits.ts';
import { openTracing } from './tracing.ts';

assert(!isMainThread, 'this is the program of a thread');
const data = workerData as GatewayThreadData;
const { config, version, state, memory, rings } = data;
const log = createLog(config);
const clock: Clock = { ...systemClock, now: () => systemClock.now() + state.clockAhead[0]! };

// First, since nothing may come over the port before all that takes it is there.
const traces = await openTracing({
  config,
  version,
  passAccessLines: (accessLines) => tell({ accessLines }),
  clock,
  log,
});
const { tracing } = traces;

const port = new ThreadPort<MainAsks, MainTells>({
  port: data.port,
  answer: (question) => answer(question),
  told: (told) => take(told),
});
const ask = <Answer>(question: ThreadAsks): Promise<Answer> => port.ask<Answer>(question);
const tell = (told: ThreadTells): void => port.tell(told);
const announce: Announce = (chosenTraces) => tell({ chosenTraces });
tracing?.announceBy(announce);

const bus = new ThreadLiveBus({
  tell,
  settled: () => ask<void>({ of: 'bus-settled' }),
  heard: data.heard,
});
const link: RingLink = new RingLink({
  written: rings.toMain,
  read: rings.toThread,
  wakes: data.wakes,
  onMessage: (message) => router.takeReplies(message),
});
const router = new ThreadRouter({
  write: (message) => link.write(message),
  messageMax: link.messageMax,
  ask: (command, traceparent) => ask<CommandReply>({ of: 'command', command, traceparent }),
  tracing,
});
const call: CallAction = (action, params, traceparent, origin) => {
  const requestId = activeTrace()?.requestId;
  return ask({ of: 'action', action, params, traceparent, requestId, origin });
};
const ended = new EndedSessions({
  bus,
  sessions: { ended: (after, count) => ask({ of: 'ended-sessions', after, count }) },
  clock,
  log,
});
const restrictions = new RestrictionSet({
  bus,
  restrictions: { changes: (after, count) => ask({ of: 'restrictions', after, count }) },
  clock,
  log,
});
const counted = new GatewayAnalytics({
  store: {
    generation: () => ask({ of: 'analytics-generation' }),
    exact: (generation) => ({
      drops: (dropIds) => ask({ of: 'analytics-drops', generation, dropIds }),
    }),
    count: (flush) => ask({ of: 'analytics-count', flush }),
  },
  clock,
  log,
});
const tokens = createTokens({ config, clock, log });
const limits = new ToldLimits(data.limits);
const main: MainGateway = {
  routes: data.routes,
  request: (request) => ask({ of: 'request', request }),
  chunk: (stream) => ask({ of: 'chunk', stream }),
  closed: (closedStream) => tell({ closedStream }),
};
const metrics = new Registry();
let hub: LiveHub | null = null;
let mediaOrigin: string | null = config.mediaUrl;
const gateway = createGateway({
  ...nodeGateway({
    config,
    version,
    router,
    call,
    levels: { reached: () => Atomics.load(state.level, 0) },
    bus,
    tokens,
    ended,
    restrictions,
    counted,
    limits,
    traces,
    metrics,
    mediaOrigin: () => mediaOrigin,
    onHub: (made) => {
      hub = made;
    },
    clock,
    log,
  }),
  stream: null,
  exports: null,
  readiness: () => ({ ready: true, reasons: [] }),
  sources: {
    live: () => hub!.report(),
    ...(traces.sample !== null && { traces: traces.sample }),
    ...(traces.accessLogDropped !== null && { accessLogDropped: traces.accessLogDropped }),
  },
  memory,
  main,
});

await Promise.all([ended.start(), restrictions.start(), tokens.start()]);
counted.start();
await gateway.start();
tell({ ready: gateway.descriptor() });

function take(told: MainTells): void {
  if ('live' in told) bus.hear(told.live);
  else if ('gap' in told) bus.gap();
  else if ('replies' in told) router.takeReplies(told.replies);
  else if ('limits' in told) limits.replace(told.limits);
  else if ('mediaOrigin' in told) mediaOrigin = told.mediaOrigin;
  else tracing?.chosen(told.chosenTraces, [], announce);
}

async function answer(question: MainAsks): Promise<unknown> {
  switch (question.of) {
    case 'metrics':
      return await threadMetrics(metrics);
    case 'caches':
      return gateway.caches.report();
    case 'evict':
      return gateway.caches.evict(question.eviction);
    case 'online':
      return question.userIds.filter((userId) => hub!.isOnline(userId));
    case 'stop':
      return await stop();
  }
}

async function stop(): Promise<void> {
  await gateway.stop();
  ended.stop();
  restrictions.stop();
  await Promise.all([counted.stop(), tokens.stop(), traces.stop()]);
  // Then nothing keeps the thread: it ends when the main thread has the answer and closes the port.
  link.stop();
}

// The gateway threads of a node (decision 116), as the main thread has them: starts them, answers
// what they ask, tells them what they must know, and asks all of them where operators ask for the
// node. A thread that dies ends the process.

import { systemClock, type Timer } from '../actors/clock.ts';
import { LiveTextOnce } from '../actors/threads/live-relay.ts';
import type { CacheEviction, CacheSample } from '../contracts/caches.ts';
import type { Limits } from '../contracts/limits.ts';
import { ForwardedRequests, type RouteAddress } from '../gateway/http/forwarded.ts';
import type { OutgoingReply } from '../gateway/http/outgoing-reply.ts';
import type { IncomingRequest } from '../gateway/http/route.ts';
import type { ServerChildren } from '../gateway/http/server.ts';
import type { GatewayMemory } from '../gateway/http/shared-memory.ts';
import type { ThreadMetric } from '../gateway/metrics/metric-sources.ts';
import type { NodeGatewayCaches } from '../services/gateway-caches.ts';
import type { Config } from './config.ts';
import type { MainAsks, MainTells, NodeState } from './gateway-messages.ts';
import { GatewayThread, type GatewayThreadOptions } from './gateway-thread.ts';

const CLOCK_INTERVAL_MS = 1_000;

export interface GatewayThreadsOptions
  extends Pick<GatewayThreadOptions, 'core' | 'traces' | 'clock' | 'log'> {
  readonly config: Config;
  readonly version: string;
  readonly memory: GatewayMemory;
  /** The main thread's gateway. */
  readonly gateway: () => {
    readonly routes: readonly RouteAddress[];
    readonly dispatch: (incoming: IncomingRequest) => Promise<OutgoingReply>;
  };
  readonly limits: { readonly current: Limits; onReplaced(take: (limits: Limits) => void): void };
  /** A thread has died, and no connection is accepted any more. */
  readonly onDied: () => void;
}

export class GatewayThreads implements ServerChildren, NodeGatewayCaches {
  readonly #options: GatewayThreadsOptions;
  readonly #texts = new LiveTextOnce();
  readonly #state: NodeState = {
    level: new Int32Array(new SharedArrayBuffer(4)),
    clockAhead: new Float64Array(new SharedArrayBuffer(8)),
  };
  readonly #forwarded: ForwardedRequests;
  readonly #unsubscribeLevel: () => void;
  #threads: readonly GatewayThread[] = [];
  #clockTimer: Timer | null = null;
  #onDied: (() => void) | null = null;
  #mediaOrigin: string | null = null;

  constructor(options: GatewayThreadsOptions) {
    this.#options = options;
    const { core, gateway, limits } = options;
    this.#forwarded = new ForwardedRequests((incoming) => gateway().dispatch(incoming));
    this.#unsubscribeLevel = core.levels.onChange(() => this.#shareLevel());
    limits.onReplaced((replaced) => this.#tellAll({ limits: replaced }));
  }

  /** Resolves when all of them serve. Errors: those of a thread that does not start. */
  async start(): Promise<void> {
    this.#shareLevel();
    this.#shareClock();
    const { memory } = this.#options;
    this.#threads = Array.from({ length: memory.threads }, (_, index) => this.#thread(index));
    await Promise.all(this.#threads.map(({ ready }) => ready));
  }

  get descriptors(): readonly number[] {
    return this.#threads.map(({ descriptor }) => descriptor);
  }

  onDied(listener: () => void): void {
    this.#onDied = listener;
  }

  tellMediaOrigin(origin: string | null): void {
    this.#mediaOrigin = origin;
    this.#tellAll({ mediaOrigin: origin });
  }

  /** What they counted. */
  async metrics(): Promise<ThreadMetric[]> {
    return (await Promise.all(this.#threads.map((thread) => thread.metrics()))).flat();
  }

  /** Of all threads together, by kind. */
  async report(): Promise<CacheSample[]> {
    const samples = (await this.#askAll<readonly CacheSample[]>({ of: 'caches' })).flat();
    const kinds = Map.groupBy(samples, ({ kind }) => kind);
    return [...kinds.values()].map((ofKind) => ofKind.reduce(added));
  }

  async evict(eviction: CacheEviction): Promise<number> {
    const counts = await this.#askAll<number>({ of: 'evict', eviction });
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async online(userIds: readonly string[]): Promise<readonly string[]> {
    const answers = await this.#askAll<readonly string[]>({ of: 'online', userIds });
    return [...new Set(answers.flat())];
  }

  async stop(): Promise<void> {
    this.#unsubscribeLevel();
    this.#clockTimer?.cancel();
    await Promise.all(this.#threads.map((thread) => thread.stop()));
  }

  #thread(index: number): GatewayThread {
    const { config, version, memory, core, traces, gateway, limits, clock, log } = this.#options;
    return new GatewayThread({
      name: `gateway-${index + 1}`,
      data: {
        config,
        version,
        memory,
        state: this.#state,
        routes: gateway().routes,
        limits: limits.current,
      },
      mediaOrigin: () => this.#mediaOrigin,
      core,
      traces,
      forwarded: this.#forwarded,
      texts: this.#texts,
      onDied: () => this.#died(),
      clock,
      log,
    });
  }

  #died(): void {
    this.#onDied?.();
    this.#options.onDied();
  }

  #shareLevel(): void {
    Atomics.store(this.#state.level, 0, this.#options.core.levels.reached());
  }

  #shareClock(): void {
    this.#state.clockAhead[0] = this.#options.clock.now() - systemClock.now();
    this.#clockTimer = systemClock.after(CLOCK_INTERVAL_MS, () => this.#shareClock());
  }

  #tellAll(told: MainTells): void {
    for (const thread of this.#threads) thread.tell(told);
  }

  async #askAll<Answer>(question: MainAsks): Promise<Answer[]> {
    const asked = this.#threads.map((thread) => thread.ask<Answer>(question));
    const answers = await Promise.allSettled(asked);
    return answers.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  }
}

/** The counts of one kind of cache in two threads. */
function added(one: CacheSample, other: CacheSample): CacheSample {
  const { drifted } = one;
  return {
    kind: one.kind,
    entries: one.entries + other.entries,
    bytes: one.bytes + other.bytes,
    hits: one.hits + other.hits,
    stale: one.stale + other.stale,
    misses: one.misses + other.misses,
    collapsed: one.collapsed + other.collapsed,
    faults: one.faults + other.faults,
    evictions: one.evictions + other.evictions,
    ...(drifted !== undefined && { drifted: drifted + (other.drifted ?? 0) }),
  };
}

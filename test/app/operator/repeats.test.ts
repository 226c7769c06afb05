// H11 of what operators and owners of jobs change: the process dies before or after any of its
// calls to a store or a node, somebody else makes another change, and the request is repeated.

import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import { systemClock } from '../../../actors/clock.ts';
import { Jobs } from '../../../app/jobs/jobs.ts';
import { Operators } from '../../../app/operator/operators.ts';
import { OperatorRuns } from '../../../app/operator/runs.ts';
import type { Outcome } from '../../../contracts/refusals.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import { shardOf } from '../../../domain/ids.ts';
import { cancelRequested, queuedJob } from '../../../events/jobs/job.ts';
import { parkedRefund } from '../../events/payments/parked-refunds.ts';
import { NOW } from '../../services/harness.ts';
import { NO_OTHER_RUNS, PretendCluster, SHARDS } from './pretend-cluster.ts';

const NODES = ['node-1', 'node-2', 'node-3'];
const caller = { userId: 'olga', roles: ['operator'] };
const owner = { userId: 'ann', roles: [] };
const request: KeyedRequest = { id: 'r', fingerprint: 'f', callerId: 'olga' };
const refundId = parkedRefund().id;
const [jobId, dropId] = ['j_1', 'd_1'];
/** More than any of the changes makes. */
const CALLS_MAX = 30;

/** A process that dies before its call with this number, or right after it. */
class Mortal {
  #left: number;
  readonly #isDone: boolean;

  constructor(calls: number, isDone: boolean) {
    this.#left = calls;
    this.#isDone = isDone;
  }

  get isDead(): boolean {
    return this.#left <= 0;
  }

  calling<Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) {
    return async (...args: Args): Promise<Result> => {
      this.#left -= 1;
      if (this.#left > 0) return await call(...args);
      if (this.#left === 0 && this.#isDone) await call(...args);
      throw new Error('killed');
    };
  }

  /** The store, and the stores in it. */
  store<T extends object>(store: T): T {
    return new Proxy(store, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value === 'function')
          return this.calling(async (...args: unknown[]) => {
            return (await Reflect.apply(value, target, args)) as unknown;
          });
        return typeof value === 'object' && value !== null ? this.store(value) : value;
      },
    });
  }
}

interface World {
  readonly cluster: PretendCluster;
  rebuilds: number;
}

interface UseCases {
  readonly operators: Operators;
  readonly jobs: Jobs;
}

async function startWorld(): Promise<World> {
  const world = { rebuilds: 0 };
  const cluster = await PretendCluster.start(NODES, {
    rebuild: async () => {
      world.rebuilds += 1;
      return [];
    },
  });
  await cluster.parkedRefunds.park(parkedRefund());
  const job = { id: jobId, kind: 'k', callerId: 'ann', subject: 's', params: {}, total: 1 };
  await cluster.jobs.add(queuedJob(job as never, NOW), { ofKindMax: 9, ofCallerMax: 9 });
  return Object.assign(world, { cluster });
}

/** Those of one process. */
function useCasesOf({ cluster }: World, mortal: Mortal | null): UseCases {
  const whole = cluster.options;
  const stores = { ...whole, runs: runsOf() };
  const options =
    mortal === null
      ? stores
      : {
          ...stores,
          placement: mortal.store(whole.placement!),
          log: mortal.store(whole.log),
          parkedRefunds: mortal.store(whole.parkedRefunds),
          jobs: mortal.store(whole.jobs),
          requests: mortal.store(whole.requests),
          restartNode: mortal.calling(whole.restartNode),
          releaseDrop: mortal.calling(whole.releaseDrop),
          rebuild: mortal.calling(whole.rebuild),
        };
  // The job is its caller's own, so nobody is asked about its drop.
  const unused = {} as never;
  const jobs = new Jobs({ ...options, catalogue: unused, router: unused });
  return { operators: new Operators(options), jobs };
}

function runsOf(): OperatorRuns {
  return new OperatorRuns({ clock: systemClock, leases: null, others: NO_OTHER_RUNS });
}

interface Change {
  readonly ask: (useCases: UseCases) => Promise<Outcome<unknown>>;
  /** What it changes. */
  readonly state: (world: World) => Promise<unknown>;
  readonly before?: (world: World) => Promise<unknown>;
  /** Somebody else's change after it. */
  readonly other?: (world: World) => Promise<unknown>;
}

const pinsOf = async ({ cluster }: World) =>
  [...(await cluster.placement.load()).pins].toSorted(([a], [b]) => a - b);
const drainedOf = async ({ cluster }: World) => [...(await cluster.placement.load()).drained];
const refundOf = async ({ cluster }: World) => await cluster.parkedRefunds.find(refundId);
const jobOf = async ({ cluster }: World) => await cluster.jobs.find(jobId);
const pin = (nodeId: string | null) => (world: World) =>
  world.cluster.placement.change({ pins: [{ shard: 1, nodeId }] });
const drain = (drained: boolean) => (world: World) =>
  world.cluster.placement.change({ drained: { nodeId: 'node-1', drained } });
const cancelJob = async (world: World) =>
  await world.cluster.jobs.replace(cancelRequested((await jobOf(world))!, NOW)!);
const retryJob = (world: World) => world.cluster.operators.retryJob({ caller, jobId });

const CHANGES: Readonly<Record<string, Change>> = {
  pin: {
    ask({ operators }) {
      const params = { caller, request, shardId: '1', to: 'node-2' };
      return operators.once(params, () => operators.pin(params));
    },
    state: pinsOf,
    other: pin('node-3'),
  },
  unpin: {
    before: pin('node-2'),
    ask({ operators }) {
      const params = { caller, request, shardId: '1', to: null };
      return operators.once(params, () => operators.pin(params));
    },
    state: pinsOf,
    other: pin('node-3'),
  },
  drain: {
    ask({ operators }) {
      const params = { caller, request, nodeId: 'node-1' };
      return operators.once(params, () => operators.drain(params));
    },
    state: drainedOf,
    other: drain(false),
  },
  undrain: {
    before: drain(true),
    ask({ operators }) {
      const params = { caller, request, nodeId: 'node-1' };
      return operators.once(params, () => operators.undrain(params));
    },
    state: drainedOf,
    other: drain(true),
  },
  rebalance: {
    before: async ({ cluster }) => {
      for (const shard of await cluster.shardsOf('node-1')) cluster.rates.set(shard, 100);
    },
    ask({ operators }) {
      const params = { caller, request, movesMax: 4 };
      return operators.once(params, () => operators.rebalance(params));
    },
    state: pinsOf,
    async other(world) {
      const pins = (await pinsOf(world)).map(([shard]) => ({ shard, nodeId: null }));
      await world.cluster.placement.change({ pins: pins.slice(1) });
    },
  },
  'a restart of a node': {
    ask({ operators }) {
      const params = { caller, request, nodeId: 'node-1' };
      return operators.once(params, () => operators.restart(params));
    },
    state: async ({ cluster }) => cluster.restarted.length,
  },
  'a release of a drop': {
    before: async ({ cluster }) => {
      const owners = await cluster.owners();
      cluster.quarantined.set(dropId, owners[shardOf(dropId, SHARDS)]!);
    },
    ask({ operators }) {
      const params = { caller, request, dropId };
      return operators.once(params, () => operators.releaseDrop(params));
    },
    state: async ({ cluster }) => [...cluster.quarantined, cluster.quarantinedAt],
    other: async ({ cluster }) => {
      const owners = await cluster.owners();
      cluster.quarantined.set(dropId, owners[shardOf(dropId, SHARDS)]!);
      cluster.quarantinedAt += 1;
    },
  },
  'a rebuild': {
    async ask({ operators }) {
      const params = { caller, request, kind: 'rebuild' } as const;
      const started = await operators.once(params, () => operators.startRun(params));
      // The run goes on behind the answer.
      for (let turn = 0; turn < 3; turn++) await setImmediate();
      return started;
    },
    state: async ({ rebuilds }) => rebuilds,
  },
  'a retried refund': {
    ask({ operators }) {
      const params = { caller, request, refundId };
      return operators.once(params, () => operators.retryRefund(params));
    },
    state: refundOf,
    other: ({ cluster }) =>
      cluster.operators.dismissRefund({ caller, refundId, reason: 'Paid by hand.' }),
  },
  'a dismissed refund': {
    ask({ operators }) {
      const params = { caller, request, refundId, reason: 'Paid by hand.' };
      return operators.once(params, () => operators.dismissRefund(params));
    },
    state: refundOf,
    other: ({ cluster }) => cluster.operators.retryRefund({ caller, refundId }),
  },
  'a retried job': {
    before: cancelJob,
    ask({ operators }) {
      const params = { caller, request, jobId };
      return operators.once(params, () => operators.retryJob(params));
    },
    state: jobOf,
    other: cancelJob,
  },
  'a cancelled job': {
    ask({ operators }) {
      const params = { caller, request, jobId };
      return operators.once(params, () => operators.cancelJob(params));
    },
    state: jobOf,
    other: retryJob,
  },
  'a job that its owner cancels': {
    ask: ({ jobs }) => jobs.cancel({ caller: owner, request, jobId }),
    state: jobOf,
    other: retryJob,
  },
};

for (const [name, { ask, state, before, other }] of Object.entries(CHANGES)) {
  for (const isDone of [false, true]) {
    const point = isDone ? 'after' : 'before';
    test(`H11: ${name}, killed ${point} any call, is made once and has one answer`, async (t) => {
      const made: boolean[] = [];
      for (let calls = 1; ; calls++) {
        if (calls > CALLS_MAX) throw new Error('the change never ends');
        const world = await startWorld();
        await before?.(world);
        const start = await state(world);
        const mortal = new Mortal(calls, isDone);
        await ask(useCasesOf(world, mortal)).catch(() => undefined);
        if (!mortal.isDead) break;
        const wasMade = await isOther(state(world), start);
        made.push(wasMade);
        if (wasMade) await other?.(world);
        const present = await state(world);

        const first = await ask(useCasesOf(world, null));
        t.true(first.ok, `${calls}: ${JSON.stringify(first)}`);
        if (wasMade) {
          t.deepEqual(await state(world), present, `${calls}: what came in between stays`);
          t.true(first.ok && first.replayed, `${calls}`);
        } else await other?.(world);
        const settled = await state(world);
        const again = await ask(useCasesOf(world, null));
        t.deepEqual(again, { ...first, replayed: true }, `${calls}`);
        t.deepEqual(await state(world), settled, `${calls}: it is not made again`);
      }
      t.true(made.includes(false), 'some try died before it');
    });
  }

  test(`H11: ${name} that was answered is not made again`, async (t) => {
    const world = await startWorld();
    await before?.(world);
    const start = await state(world);
    const first = await ask(useCasesOf(world, null));
    t.true(first.ok && first.replayed !== true);
    t.notDeepEqual(await state(world), start);
    await other?.(world);
    const present = await state(world);
    const records = world.cluster.log.actions.length;
    t.deepEqual(await ask(useCasesOf(world, null)), { ...first, replayed: true });
    t.deepEqual(await state(world), present);
    t.is(world.cluster.log.actions.length, records, 'and not recorded again');
  });

  test(`H11: tries of ${name} at the same moment have one effect`, async (t) => {
    const world = await startWorld();
    await before?.(world);
    const tries = await Promise.all(Array.from({ length: 3 }, () => ask(useCasesOf(world, null))));
    const answers = tries.map((one) => (one.ok ? one.value : one));
    for (const answer of answers) t.deepEqual(answer, answers[0]);
    t.is(tries.filter((one) => one.ok && one.replayed !== true).length, 1);
    const single = await startWorld();
    await before?.(single);
    await ask(useCasesOf(single, null));
    t.deepEqual(await state(world), await state(single));
  });
}

async function isOther(state: Promise<unknown>, start: unknown): Promise<boolean> {
  return JSON.stringify(await state) !== JSON.stringify(start);
}

// What every driver of the placement must do. Tests run one after the other, each on an empty
// placement; time passes only where a test says so, and as far as it says at least.

import test, { type ExecutionContext } from 'ava';
import {
  LIVE_SHARDS_MAX,
  LOST_SESSIONS_MAX,
  MOVES_RETAINED_MAX,
  type NodeSession,
  type PlacementStore,
} from '../../../storage/ports/placement.ts';
import type { MoveRecord } from '../../../contracts/operator.ts';
import { failsWith } from './errors.ts';

export interface PlacementFixture {
  /** Several ways to one and the same placement. */
  readonly stores: readonly [PlacementStore, ...PlacementStore[]];
  /** Forgets a session 1 ms after it was lost. Not necessarily the same placement. */
  readonly forgetful: PlacementStore;
  readonly pass: (ms: number) => Promise<void>;
}

export interface PlacementContractOptions {
  /** Ends the titles. */
  readonly on: string;
  readonly skip: boolean;
  /** Called by each test, for an empty placement. */
  readonly fixture: () => Promise<PlacementFixture>;
}

/** Outlives every test. */
const LONG_MS = 600_000;
const SHORT_MS = 20;
const CLAIMERS = 20;

function run(nodeId: string, incarnation = `${nodeId}-1`) {
  return { nodeId, incarnation };
}

function session(nodeId: string, changes: Partial<NodeSession> = {}): NodeSession {
  return {
    ...run(nodeId),
    weight: 1,
    leaving: false,
    clockIsWrong: false,
    startedAt: 1_700_000_000_000,
    url: `http://${nodeId}:8080`,
    liveShards: [],
    level: 1,
    ...changes,
  };
}

const idsOf = (sessions: readonly NodeSession[]) => sessions.map(({ nodeId }) => nodeId).sort();

export function placementContract({ on, skip, fixture }: PlacementContractOptions): void {
  const rule = (
    title: string,
    body: (t: ExecutionContext, store: PlacementStore, all: PlacementFixture) => Promise<void>,
  ) => {
    const serial = skip ? test.serial.skip : test.serial;
    serial(`${title} (${on})`, async (t) => {
      const all = await fixture();
      await body(t, all.stores[0], all);
    });
  };
  const begin = async (store: PlacementStore, ...nodeIds: string[]) => {
    await Promise.all(nodeIds.map((nodeId) => store.renewSession(session(nodeId), LONG_MS)));
  };
  /** A session that is over when this resolves. */
  const lose = async ({ stores: [store], pass }: PlacementFixture, nodeId: string) => {
    await store.renewSession(session(nodeId), SHORT_MS);
    await pass(SHORT_MS);
  };
  const claim = (store: PlacementStore, shard: number, nodeId: string, version: number) =>
    store.claimShard(shard, nodeId, run(nodeId).incarnation, version);

  rule('W3: an empty placement has nobody and nothing', async (t, store) => {
    t.deepEqual(await store.load(), {
      sessions: [],
      lost: [],
      shards: new Map(),
      pins: new Map(),
      drained: new Set(),
      level: 0,
    });
    t.deepEqual(await store.listMoves(10), []);
  });

  rule('W7: the store tells its time, with each renewal too', async (t, store, { pass }) => {
    const before = await store.time();
    const renewed = await store.renewSession(session('a'), LONG_MS);
    await pass(SHORT_MS);
    const after = await store.time();
    t.true(before <= renewed && renewed + SHORT_MS <= after, `${before}, ${renewed}, ${after}`);
    const again = await store.renewSession(session('a'), LONG_MS);
    t.true(after <= again && Number.isInteger(again));
  });

  rule('W7: a session says whether its node’s clock is wrong', async (t, store) => {
    const wrong = session('a', { leaving: true, clockIsWrong: true });
    await store.renewSession(wrong, LONG_MS);
    t.deepEqual((await store.load()).sessions, [wrong]);
  });

  rule('W3: a session lives until its time is over, then it is lost', async (t, store, all) => {
    const a = session('a', { weight: 2.5, url: null, liveShards: [3, 255, 0] });
    const b = session('b', { leaving: true });
    await store.renewSession(a, LONG_MS);
    await store.renewSession(b, LONG_MS);
    const before = await store.load();
    t.deepEqual(
      before.sessions.toSorted((x, y) => (x.nodeId < y.nodeId ? -1 : 1)),
      [a, b],
    );
    t.deepEqual(before.lost, []);
    await store.renewSession(b, SHORT_MS);
    await all.pass(SHORT_MS);
    const after = await store.load();
    t.deepEqual([after.sessions, after.lost], [[a], [b]]);
  });

  rule('W3: renewing says what is new, and brings a lost run back', async (t, store, all) => {
    await lose(all, 'a');
    const renewed = session('a', { leaving: true, weight: 3, url: null, liveShards: [7] });
    await store.renewSession(renewed, LONG_MS);
    const { sessions, lost } = await store.load();
    t.deepEqual([sessions, lost], [[renewed], []]);
  });

  rule('W3: live shards past the bound are left out', async (t, store) => {
    const liveShards = Array.from({ length: LIVE_SHARDS_MAX + 1 }, (_, shard) => shard);
    await store.renewSession(session('a', { liveShards }), LONG_MS);
    const { sessions } = await store.load();
    t.deepEqual(sessions[0]!.liveShards, liveShards.slice(0, LIVE_SHARDS_MAX));
  });

  rule(
    'W1: a later run of a node takes the session, and the earlier loses it',
    async (t, store) => {
      const first = session('a', { startedAt: 9 });
      const second = session('a', { startedAt: 10, incarnation: 'a-0' });
      const twin = session('a', { startedAt: 10, incarnation: 'a-00' });
      for (const [earlier, later] of [
        [first, second],
        [second, twin],
      ] as const) {
        await store.renewSession(earlier, LONG_MS);
        t.is(await store.claimShard(later.startedAt, 'a', later.incarnation, 0), null);
        await store.renewSession(later, LONG_MS);
        await failsWith(t, 'session-lost', store.renewSession(earlier, LONG_MS));
        t.is(await store.claimShard(1, 'a', earlier.incarnation, 0), null);
        await store.endSession('a', earlier.incarnation);
        const { sessions, lost } = await store.load();
        t.deepEqual([sessions, lost], [[later], []]);
      }
    },
  );

  rule('W1: a later run does not stand in the way once it is over', async (t, store, all) => {
    const earlier = session('a', { startedAt: 5 });
    await store.renewSession(session('a', { startedAt: 6, incarnation: 'a-2' }), SHORT_MS);
    await all.pass(SHORT_MS);
    await store.renewSession(earlier, LONG_MS);
    const { sessions, lost } = await store.load();
    t.deepEqual([sessions, lost], [[earlier], []]);
  });

  rule(
    'W3: an ended session is neither alive nor lost; only its own run ends it',
    async (t, store) => {
      await begin(store, 'a', 'b');
      await store.endSession('a', 'another');
      t.deepEqual(idsOf((await store.load()).sessions), ['a', 'b']);
      await store.endSession('a', run('a').incarnation);
      await store.endSession('a', run('a').incarnation);
      const { sessions, lost } = await store.load();
      t.deepEqual([idsOf(sessions), lost], [['b'], []]);
      t.is(await claim(store, 1, 'a', 0), null);
    },
  );

  rule('W3: a lost session is forgotten after its time', async (t, _store, all) => {
    await all.forgetful.renewSession(session('a'), SHORT_MS);
    await all.pass(SHORT_MS + 1);
    const { sessions, lost } = await all.forgetful.load();
    t.deepEqual([sessions, lost], [[], []]);
  });

  rule(
    'W3: of too many lost sessions those that ran out first are forgotten',
    async (t, store, all) => {
      const names = Array.from({ length: LOST_SESSIONS_MAX + 2 }, (_, index) => `n${index}`);
      // Handled in this order, so that each runs out after the one before it.
      await Promise.all(names.map((name, i) => store.renewSession(session(name), SHORT_MS + i)));
      await all.pass(SHORT_MS + names.length);
      await begin(store, 'new');
      const { sessions, lost } = await store.load();
      t.deepEqual(idsOf(sessions), ['new']);
      t.deepEqual(idsOf(lost), names.slice(2).sort());
    },
  );

  rule(
    'W1: a shard is claimed from the version that was seen, by a living run',
    async (t, store, all) => {
      await begin(store, 'a');
      await lose(all, 'lost');
      t.is(await claim(store, 5, 'a', 1), null);
      t.is(await claim(store, 5, 'unknown', 0), null);
      t.is(await claim(store, 5, 'lost', 0), null);
      t.is(await store.claimShard(5, 'a', 'another', 0), null);
      t.is((await store.load()).shards.size, 0);
      t.is(await claim(store, 5, 'a', 0), 1);
      t.deepEqual(
        (await store.load()).shards,
        new Map([[5, { shard: 5, ...run('a'), version: 1 }]]),
      );
      t.is(await claim(store, 5, 'a', 0), null);
    },
  );

  rule('W1: only the holder itself claims again while its run lives', async (t, store, all) => {
    await begin(store, 'a', 'b');
    t.is(await claim(store, 5, 'a', 0), 1);
    t.is(await claim(store, 5, 'b', 1), null);
    t.is(await claim(store, 5, 'a', 1), 2);
    t.is(await claim(store, 6, 'b', 0), 1);
    await lose(all, 'a');
    t.is(await claim(store, 5, 'a', 2), null, 'its own session is over');
    t.is(await claim(store, 5, 'b', 1), null);
    t.is(await claim(store, 5, 'b', 2), 3);
    await begin(store, 'a');
    t.is(await claim(store, 5, 'a', 3), null);
    await store.endSession('b', run('b').incarnation);
    t.is(await claim(store, 5, 'a', 3), 4);
  });

  rule('W1: what an earlier run of a node held is free, to it and to others', async (t, store) => {
    await begin(store, 'a', 'b');
    t.is(await claim(store, 1, 'a', 0), 1);
    t.is(await claim(store, 2, 'a', 0), 1);
    await store.renewSession(session('a', { startedAt: Date.now(), incarnation: 'a-2' }), LONG_MS);
    t.is(await store.claimShard(1, 'a', 'a-2', 1), 2);
    t.is(await claim(store, 2, 'b', 1), 2);
    t.is(await claim(store, 1, 'b', 2), null);
    const { shards } = await store.load();
    t.deepEqual(shards.get(1), { shard: 1, ...run('a', 'a-2'), version: 2 });
    t.deepEqual(shards.get(2), { shard: 2, ...run('b'), version: 2 });
  });

  rule('W1: of 20 that claim a shard at once exactly one gets it', async (t, store, all) => {
    const names = Array.from({ length: CLAIMERS }, (_, index) => `n${index}`);
    const race = async (shard: number, version: number) => {
      const results = await Promise.all(
        names.map((name, i) => claim(all.stores[i % all.stores.length]!, shard, name, version)),
      );
      const winners = names.filter((_, i) => results[i] !== null);
      t.is(winners.length, 1);
      t.is(results[names.indexOf(winners[0]!)], version + 1);
      const { shards } = await store.load();
      t.deepEqual(shards.get(shard), { shard, ...run(winners[0]!), version: version + 1 });
    };
    await begin(store, ...names, 'first');
    await race(1, 0);
    t.is(await claim(store, 2, 'first', 0), 1);
    await lose(all, 'first');
    await race(2, 1);
  });

  rule(
    'W4: a shard moves from its holder to another living run, in one step',
    async (t, store, all) => {
      await begin(store, 'a', 'b', 'c');
      await lose(all, 'lost');
      const [a, b, c] = [run('a'), run('b'), run('c')];
      t.is(await store.moveShard(5, a, b, 0), null, 'nobody has it');
      t.is(await claim(store, 5, 'a', 0), 1);
      t.is(await store.moveShard(5, a, b, 0), null);
      t.is(await store.moveShard(5, a, b, 2), null);
      t.is(await store.moveShard(5, c, b, 1), null, 'not its own');
      t.is(await store.moveShard(5, run('a', 'another'), b, 1), null, 'another run had it');
      t.is(await store.moveShard(5, a, a, 1), null, 'has it already');
      t.is(await store.moveShard(5, a, run('lost'), 1), null);
      t.is(await store.moveShard(5, a, run('unknown'), 1), null);
      t.is(await store.moveShard(5, a, run('b', 'another'), 1), null);
      t.deepEqual((await store.load()).shards.get(5), { shard: 5, ...a, version: 1 });
      t.is(await store.moveShard(5, a, b, 1), 2);
      t.deepEqual((await store.load()).shards, new Map([[5, { shard: 5, ...b, version: 2 }]]));
      t.is(await store.moveShard(5, a, c, 2), null, 'gave it away');
    },
  );

  rule(
    'W6: the source takes a shard back, whether the target lives or not',
    async (t, store, all) => {
      await begin(store, 'a', 'b');
      t.is(await claim(store, 5, 'a', 0), 1);
      t.is(await store.moveShard(5, run('a'), run('b'), 1), 2);
      t.is(await store.moveShard(5, run('b'), run('a'), 2), 3);
      t.is(await claim(store, 5, 'b', 2), null, 'a late target');
      t.is(await store.moveShard(5, run('a'), run('b'), 1), null, 'a late source');
      t.is(await store.moveShard(5, run('a'), run('b'), 3), 4);
      await lose(all, 'b');
      t.is(await store.moveShard(5, run('b'), run('a'), 4), 5);
      t.deepEqual((await store.load()).shards.get(5), { shard: 5, ...run('a'), version: 5 });
    },
  );

  rule(
    'W6: of a claim, 10 moves and a roll-back from one version exactly one happens',
    async (t, store, all) => {
      const targets = Array.from({ length: 10 }, (_, index) => `n${index}`);
      await begin(store, 'a', 'b', ...targets);
      await claim(store, 5, 'b', 0);
      await store.moveShard(5, run('b'), run('a'), 1);
      const from = (i: number) => all.stores[i % all.stores.length]!;
      const results = await Promise.all([
        claim(from(0), 5, 'a', 2),
        ...targets.map((name, i) => from(i + 1).moveShard(5, run('a'), run(name), 2)),
        from(11).moveShard(5, run('a'), run('b'), 2),
      ]);
      t.deepEqual(
        results.filter((version) => version !== null),
        [3],
      );
      t.is((await store.load()).shards.get(5)!.version, 3);
    },
  );

  rule('W1: every shard has a holder and a version of its own', async (t, store) => {
    await begin(store, 'a', 'b');
    const shards = Array.from({ length: 256 }, (_, shard) => shard);
    const nameOf = (shard: number) => (shard % 3 === 0 ? 'a' : 'b');
    await Promise.all(shards.map((shard) => claim(store, shard, nameOf(shard), 0)));
    await claim(store, 12, 'a', 1);
    const expected = new Map(
      shards.map((shard) => {
        return [shard, { shard, ...run(nameOf(shard)), version: shard === 12 ? 2 : 1 }];
      }),
    );
    t.deepEqual(new Map([...(await store.load()).shards].sort(([x], [y]) => x - y)), expected);
  });

  rule('W1: no name is taken for another, whatever is in it', async (t, store) => {
    const names = ['a', '"a"', 'a","b', 'a,\n"b', ' a', 'a\\', '%1[a]', 'Zoë ☂', '\u2028'];
    for (const [shard, name] of names.entries()) {
      await begin(store, name);
      t.is(await claim(store, shard, name, 0), 1);
      await store.change({ pins: [{ shard, nodeId: name }] });
      await store.change({ drained: { nodeId: name, drained: true } });
    }
    for (const [shard, name] of names.entries()) {
      t.is(await claim(store, shard, names[(shard + 1) % names.length]!, 1), null);
      t.is(await claim(store, shard, name, 1), 2);
    }
    const { sessions, shards, pins, drained } = await store.load();
    t.deepEqual(idsOf(sessions), names.toSorted());
    t.deepEqual([...drained].sort(), names.toSorted());
    for (const [shard, name] of names.entries()) {
      t.deepEqual(shards.get(shard), { shard, ...run(name), version: 2 });
      t.is(pins.get(shard), name);
    }
  });

  rule('X1: pins and drained nodes are kept until they are taken away', async (t, store) => {
    await store.change({ pins: [{ shard: 0, nodeId: 'a' }] });
    await store.change({ pins: [{ shard: 255, nodeId: 'b' }] });
    await store.change({ pins: [{ shard: 0, nodeId: 'c' }] });
    await store.change({ drained: { nodeId: 'a', drained: true } });
    await store.change({ drained: { nodeId: 'b', drained: true } });
    await store.change({ drained: { nodeId: 'b', drained: true } });
    const before = await store.load();
    t.deepEqual(before.pins.get(0), 'c');
    t.deepEqual(before.pins.get(255), 'b');
    t.deepEqual([...before.drained].sort(), ['a', 'b']);
    await store.change({ pins: [{ shard: 0, nodeId: null }] });
    await store.change({ pins: [{ shard: 9, nodeId: null }] });
    await store.change({ drained: { nodeId: 'a', drained: false } });
    await store.change({ drained: { nodeId: 'never', drained: false } });
    const after = await store.load();
    t.deepEqual([after.pins, after.drained], [new Map([[255, 'b']]), new Set(['b'])]);
  });

  rule('X1: many pins and a drain are one change', async (t, store) => {
    await store.change({ pins: [{ shard: 3, nodeId: 'old' }] });
    await store.change({
      pins: [
        { shard: 1, nodeId: 'a' },
        { shard: 2, nodeId: 'b "\n' },
        { shard: 3, nodeId: null },
      ],
      drained: { nodeId: 'c', drained: true },
    });
    const { pins, drained } = await store.load();
    t.deepEqual(
      [...pins].toSorted(([a], [b]) => a - b),
      [
        [1, 'a'],
        [2, 'b "\n'],
      ],
    );
    t.deepEqual([...drained], ['c']);
    await store.change({});
    t.deepEqual((await store.load()).pins.size, 2);
  });

  rule(
    'X1, H11: a change is made once for a request, its answer kept with it',
    async (t, store) => {
      const request = { id: 'pin_1', fingerprint: 'f', callerId: 'olga' };
      t.is(await store.requests.find(request), null);
      const ask = (nodeId: string, answer: string) => {
        const drained = { nodeId, drained: true };
        return store.changeOnce(request, { pins: [{ shard: 1, nodeId }], drained }, answer);
      };
      const answer = '{"answer":"ü \\n"}';
      const tries = await Promise.all([ask('a', answer), ask('a', answer), ask('a', answer)]);
      t.deepEqual(tries.map(({ result }) => result).toSorted(), ['new', 'repeated', 'repeated']);
      for (const one of tries) t.is('value' in one ? one.value : null, answer);
      t.deepEqual(await store.requests.find(request), { result: 'repeated', value: answer });
      // Somebody else's change in between must stay.
      const undrained = { nodeId: 'a', drained: false };
      await store.change({ pins: [{ shard: 1, nodeId: 'b' }], drained: undrained });
      t.deepEqual(await ask('a', 'other'), { result: 'repeated', value: answer });
      const reused = await store.changeOnce({ ...request, fingerprint: 'g' }, {}, 'other');
      t.deepEqual(reused, { result: 'reused' });
      const { pins, drained } = await store.load();
      t.deepEqual([[...pins], [...drained]], [[[1, 'b']], []]);
    },
  );

  const move = (index: number): MoveRecord => ({
    id: `move_${index}`,
    shard: index % 256,
    from: 'a',
    to: 'b',
    startedAt: 1_700_000_000_000 + index,
    endedAt: 1_700_000_000_020 + index,
    blackoutMs: index % 2 === 0 ? null : 12.5,
    result: index % 2 === 0 ? 'abandoned' : 'done',
    reason: 'It was asked for, "now".',
  });

  rule('W6: how moves ended is listed newest first, and bounded', async (t, store) => {
    const count = MOVES_RETAINED_MAX + 3;
    const moves = Array.from({ length: count }, (_, index) => move(index));
    await Promise.all(moves.map((record) => store.recordMove(record)));
    t.deepEqual(await store.listMoves(2), [move(count - 1), move(count - 2)]);
    t.deepEqual(await store.listMoves(0), []);
    const all = await store.listMoves(count);
    t.deepEqual(all, moves.slice(3).reverse());
  });

  rule('W1: the number of shards is fixed once, by whoever is first', async (t, store, all) => {
    const counts = Array.from({ length: CLAIMERS }, (_, index) => 256 + index);
    const fixed = await Promise.all(
      counts.map((count, i) => all.stores[i % all.stores.length]!.fixShardCount(count)),
    );
    t.is(new Set(fixed).size, 1);
    t.true(counts.includes(fixed[0]!));
    t.is(await store.fixShardCount(1), fixed[0]!);
  });

  rule('the feature level of the store rises and never falls', async (t, store, all) => {
    await store.fixShardCount(256);
    const other = all.stores.at(-1)!;
    t.is((await store.load()).level, 0);
    t.is(await other.raiseLevel(1), 1);
    t.is((await store.load()).level, 1);
    const raised = await Promise.all([2, 1, 3, 2].map((level) => store.raiseLevel(level)));
    t.true(raised.every((level, index) => level >= [2, 1, 3, 2][index]!));
    t.is(await other.raiseLevel(1), 3);
    t.is((await store.load()).level, 3);
    t.is(await store.fixShardCount(16), 256);
  });

  rule(
    'a new store begins at the level of its first node, a store in use does not',
    async (t, store) => {
      t.is(await store.fixShardCount(256, 2), 256);
      t.is((await store.load()).level, 2);
      t.is(await store.fixShardCount(256, 3), 256);
      t.is((await store.load()).level, 2);
    },
  );

  rule('a session announces the feature level that its node reads', async (t, store) => {
    await store.renewSession(session('a', { level: 7 }), LONG_MS);
    t.is((await store.load()).sessions[0]!.level, 7);
  });
}

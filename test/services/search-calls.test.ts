// Which node with a search index is asked (Q5): on a broker that the test plays.

import test from 'ava';
import type { ServiceBroker } from 'moleculer';
import type { Outcome } from '../../contracts/refusals.ts';
import type { Suggested } from '../../contracts/search.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { SearchCalls } from '../../services/moleculer/search-calls.ts';
import { ManualClock } from '../actors/manual-clock.ts';

type Answer = () => Promise<Outcome<unknown>>;

const found = (lagMs: number | null): Answer => {
  const suggested: Suggested = { lagMs, items: [] };
  return () => Promise.resolve(success(suggested));
};
const never: Answer = () => new Promise(() => {});

/** Nodes by id, with what each of them answers; the first one is this node. */
function bench(nodes: Record<string, Answer>) {
  const clock = new ManualClock(0);
  const asked: string[] = [];
  const looked: string[] = [];
  const logged: unknown[][] = [];
  let lists = 0;
  const broker = {
    nodeID: Object.keys(nodes)[0],
    logger: { warn: (...told: unknown[]) => logged.push(told) },
    registry: {
      getActionList: () => {
        lists += 1;
        const endpoints = Object.keys(nodes).map((nodeID) => ({ nodeID, available: true }));
        return [{ name: 'search.find', endpoints }];
      },
    },
    async call(action: string, _params: object, { nodeID }: { nodeID: string }) {
      if (action === 'search.status') {
        looked.push(nodeID);
        const answer = await nodes[nodeID]!();
        return answer.ok ? success({ isBuilding: false, lagMs: 0 }) : answer;
      }
      asked.push(nodeID);
      return await nodes[nodeID]!();
    },
  };
  const calls = new SearchCalls({ broker: broker as unknown as ServiceBroker, clock });
  const ask = () => calls.ask('search.suggest', { text: 'a', limit: 1 }, {});
  return { calls, clock, asked, looked, nodes, ask, logged, lists: () => lists };
}

test('Q5: one’s own index is asked first, others where it is busy', async (t) => {
  const at = bench({ a: found(0), b: found(0), c: found(0) });
  for (let i = 0; i < 4; i++) t.true((await at.ask()).ok);
  t.deepEqual(at.asked, ['a', 'a', 'a', 'a']);
  await Promise.all(Array.from({ length: 6 }, at.ask));
  const counts = ['a', 'b', 'c'].map((id) => at.asked.slice(4).filter((one) => one === id).length);
  t.deepEqual(counts, [2, 2, 2]);
});

test('Q5: a node that does not answer is left out, until it answers again', async (t) => {
  const at = bench({ a: never, b: found(0) });
  t.true((await at.ask()).ok, 'a second node was asked as well');
  t.deepEqual(at.asked, ['a', 'b']);
  await at.clock.advance(600);
  for (let i = 0; i < 3; i++) await at.ask();
  t.deepEqual(at.asked.slice(2), ['b', 'b', 'b']);
  t.deepEqual(at.looked, ['a'], 'it is looked at, once in a while');
  at.nodes['a'] = found(0);
  await at.clock.advance(1_000);
  await at.ask();
  await at.clock.advance(1);
  // The first search of it is under way still.
  await Promise.all([at.ask(), at.ask()]);
  t.deepEqual(at.asked.slice(-2).toSorted(), ['a', 'b']);
});

test('Q5: a node that is far behind, or never was complete, is asked last', async (t) => {
  for (const lagMs of [5_000, null]) {
    const at = bench({ a: found(lagMs), b: found(0) });
    await at.ask();
    await at.clock.advance(100);
    at.nodes['a'] = async () => refusal('unavailable');
    await at.ask();
    t.deepEqual(at.asked, ['a', 'b']);
    at.nodes['b'] = async () => refusal('unavailable');
    at.nodes['a'] = found(lagMs);
    t.true((await at.ask()).ok, 'it is better than none');
    t.deepEqual(at.asked.slice(2), ['b', 'a']);
  }
});

test('Q5: a node that refuses or is gone is followed by another at once', async (t) => {
  const gone = () => Promise.reject(new Error('not found'));
  for (const wrong of [gone, async () => refusal('unavailable')] as Answer[]) {
    const at = bench({ a: wrong, b: found(0) });
    t.true((await at.ask()).ok);
    t.deepEqual(at.asked, ['a', 'b']);
  }
});

test('Q5: without a node that answers it is search-unavailable', async (t) => {
  t.deepEqual(await bench({}).ask(), refusal('search-unavailable'));
  const at = bench({ a: () => Promise.reject(new Error('gone')) });
  t.deepEqual(await at.ask(), refusal('search-unavailable'));
  const opened = { nodeId: 'a', streamId: '1' };
  t.deepEqual(await at.calls.askOpened('search.read', opened, {}), refusal('search-unavailable'));
});

test('Q5: what a node refuses for good is asked of no other', async (t) => {
  const at = bench({ a: async () => refusal('invalid-request'), b: found(0) });
  t.deepEqual(await at.ask(), refusal('invalid-request'));
  t.deepEqual(at.asked, ['a']);
});

test('Q3: the next page is asked of the node that gave the page before', async (t) => {
  const at = bench({ a: found(0), b: found(9_000) });
  const page = { limit: 1, cursor: 'b.xyz' };
  const filter = { text: 'a', sort: 'relevance' } as const;
  const params = { filter, page, withCounts: false, withExplanations: false };
  for (let i = 0; i < 2; i++) await at.calls.ask('search.find', params, {});
  t.deepEqual(at.asked, ['b', 'b']);
});

test('the list of nodes is not made for each search', async (t) => {
  const at = bench({ a: found(0) });
  for (let i = 0; i < 10; i++) await at.ask();
  t.is(at.lists(), 1);
});

test('Q5: that no node can search is a short line of the log, a defect has its stack', async (t) => {
  const unable: Answer = () => Promise.resolve(refusal('unavailable'));
  const at = bench({ a: unable, b: unable });
  t.like(await at.ask(), { ok: false, code: 'search-unavailable' });
  const text = 'search.suggest was answered by no node';
  t.deepEqual(at.logged, [[`${text}: a cannot search now, b cannot search now`]]);
  at.nodes['b'] = () => Promise.reject(new Error('a defect'));
  await at.ask();
  t.is(at.logged[1]?.[0], text);
  t.true(at.logged[1]?.[1] instanceof AggregateError);
});

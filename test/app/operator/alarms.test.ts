// What operators are told of alarms: of all nodes, over the last minute, at most once a second
// (X7).

import test from 'ava';
import { readFileSync } from 'node:fs';
import { ALARMS, type Sample } from '../../../contracts/alarms.ts';
import type { Outcome } from '../../../contracts/refusals.ts';
import { OperatorAlarms, type OperatorAlarmsOptions } from '../../../app/operator/alarms.ts';
import { render } from '../../../gateway/docs/guides.ts';

const OPERATOR = { userId: 'olga', roles: ['operator'] } as const;
const AUDITOR = { userId: 'eve', roles: ['auditor'] } as const;
const BUYER = { userId: 'ann', roles: [] } as const;

const failures = (value: number): Sample => ({
  name: 'livedrops_journal_append_failures_total',
  labels: {},
  value,
});

class Cluster {
  time = 0;
  reads = 0;
  readonly nodes = new Map<string, readonly Sample[] | null>();
  lost: string[] = [];
  isStoreAway = false;

  readonly alarms = new OperatorAlarms({
    now: () => 1_000_000 + this.time,
    monotonic: () => this.time,
    nodeMeasures: {
      read: async () => {
        this.reads++;
        return new Map(this.nodes);
      },
    },
    placement: {
      load: async () => {
        if (this.isStoreAway) throw Object.assign(new Error('away'), { code: 'store-unavailable' });
        return { lost: this.lost.map((nodeId) => ({ nodeId })) } as never;
      },
    } satisfies OperatorAlarmsOptions['placement'],
  });

  async report() {
    return valueOf(await this.alarms.report({ caller: OPERATOR }));
  }

  async names(): Promise<string[]> {
    return (await this.report()).alarms.map(({ name }) => name);
  }
}

function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.code);
  return outcome.value;
}

test('X7: operators and auditors are told, and nobody else, who makes no node answer', async (t) => {
  const cluster = new Cluster();
  t.like(await cluster.alarms.report({ caller: BUYER }), { ok: false, code: 'forbidden' });
  t.is(cluster.reads, 0);
  t.true((await cluster.alarms.report({ caller: OPERATOR })).ok);
  t.true((await cluster.alarms.report({ caller: AUDITOR })).ok);
});

test('X7: nodes are asked once a second, however many look', async (t) => {
  const cluster = new Cluster();
  const [one, two] = await Promise.all([cluster.report(), cluster.report()]);
  t.is(one, two);
  cluster.time = 999;
  await cluster.report();
  t.is(cluster.reads, 1);
  cluster.time = 1_000;
  await cluster.report();
  t.is(cluster.reads, 2);
});

test('X7: a rise is told for a minute, and a value while it is past its line', async (t) => {
  const cluster = new Cluster();
  cluster.nodes.set('north', [failures(3)]);
  t.like(await cluster.report(), { at: 1_000_000, watchedSeconds: 0, nodes: ['north'] });
  t.deepEqual(await cluster.names(), [], 'of what was before the first look nothing is known');
  cluster.time = 2_000;
  cluster.nodes.set('north', [failures(4)]);
  t.like(await cluster.report(), {
    watchedSeconds: 2,
    alarms: [{ name: 'appends-fail', value: 1, limit: 0, unit: 'count', severity: 'page' }],
  });
  for (cluster.time = 4_000; cluster.time <= 60_000; cluster.time += 2_000)
    t.deepEqual(await cluster.names(), ['appends-fail'], String(cluster.time));
  for (; cluster.time <= 70_000; cluster.time += 2_000) await cluster.report();
  t.deepEqual(await cluster.names(), []);
  cluster.nodes.set('north', [{ name: 'livedrops_node_ready', labels: {}, value: 0 }]);
  cluster.time += 1_000;
  t.like((await cluster.report()).alarms[0], { name: 'node-not-ready', nodes: ['north'] });
});

test('X7: a node that does not answer and one that is lost are named, with the store away too', async (t) => {
  const cluster = new Cluster();
  cluster.lost = ['east'];
  cluster.nodes.set('north', [failures(0)]);
  cluster.nodes.set('south', null);
  const expected = [
    { name: 'node-lost', nodes: ['east'] },
    { name: 'node-silent', nodes: ['south'] },
  ];
  t.like(await cluster.report(), { nodes: ['north'], alarms: expected });
  cluster.isStoreAway = true;
  cluster.time = 5_000;
  t.like(await cluster.report(), { nodes: ['north'], alarms: expected });
});

test('X7: each alarm leads to its section of docs/OPERATIONS.md', (t) => {
  const file = 'docs/OPERATIONS.md';
  const text = readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
  const { body } = render(text, file);
  for (const [name, { section }] of Object.entries(ALARMS))
    t.true(body.includes(` id="${section}">`), `${name}: ${section}`);
});

// Runs on other nodes, over a broker between two nodes of one process.

import test from 'ava';
import { ServiceBroker } from 'moleculer';
import type { RunState } from '../../contracts/operator.ts';
import { BrokerRuns } from '../../services/other-runs.ts';

const RUN: RunState = {
  id: 'a-run',
  kind: 'verify',
  startedBy: 'olga',
  startedAt: 7,
  progress: null,
  end: null,
};

test('X2: a run is found and cancelled on whichever node it is', async (t) => {
  const cancelled: string[] = [];
  const brokers = ['node-1', 'node-2'].map(
    (nodeID) =>
      new ServiceBroker({ nodeID, logger: false, transporter: 'Fake', namespace: 'runs' }),
  );
  const serve = (broker: ServiceBroker) => {
    const own = (id: string) => (broker.nodeID === 'node-2' && id === RUN.id ? RUN : null);
    broker.createService({
      name: 'runs',
      actions: {
        follow: ({ params }: { params: { runId: string } }) => own(params.runId),
        cancel({ params }: { params: { runId: string } }) {
          if (own(params.runId) === null) return false;
          cancelled.push(params.runId);
          return true;
        },
        list: () => (broker.nodeID === 'node-2' ? [RUN] : []),
      },
    });
  };
  serve(brokers[1]!);
  await Promise.all(brokers.map((broker) => broker.start()));
  t.teardown(() => Promise.all(brokers.map((broker) => broker.stop())));
  // Resolves when the first node knows of the second.
  await brokers[0]!.waitForServices('runs');
  serve(brokers[0]!);
  const [first, second] = brokers.map((broker) => new BrokerRuns({ broker })) as [
    BrokerRuns,
    BrokerRuns,
  ];
  t.deepEqual(await first.follow(RUN.id), RUN);
  t.is(await first.follow('another'), null);
  t.deepEqual(await first.list(), [RUN]);
  t.true(await first.cancel(RUN.id));
  t.false(await first.cancel('another'));
  t.deepEqual(cancelled, [RUN.id]);
  t.deepEqual([await second.list(), await second.follow(RUN.id)], [[], null], 'only of others');
});

import test from 'ava';
import { shardService } from '../../actors/cluster/shard-service.ts';

test('X1, H11: a restart ends the run that is meant, and no later one', (t) => {
  let restarts = 0;
  const unused = {} as never;
  const { actions = {} } = shardService({
    broker: unused,
    host: unused,
    node: { report: () => ({ incarnation: 'run-2' }) as never },
    verify: unused,
    restart: () => {
      restarts += 1;
    },
  });
  const restart = actions['restart'] as (context: { params: object }) => boolean;
  t.true(restart({ params: { incarnation: 'run-1' } }), 'that run has ended');
  t.is(restarts, 0);
  t.true(restart({ params: { incarnation: 'run-2' } }));
  t.is(restarts, 1);
  t.true(restart({ params: {} }), 'asked by a node of level 3');
  t.is(restarts, 2);
});

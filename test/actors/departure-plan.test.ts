import test from 'ava';
import { DeparturePlan } from '../../actors/cluster/departure-plan.ts';

const NOW = 1_800_000_000_000;

test('W5: a shard goes to a better place only when that was wanted for a second without a break', (t) => {
  const plan = new DeparturePlan();
  t.false(plan.isDue(NOW, false));
  t.false(plan.isDue(NOW + 999, false));
  plan.cancel();
  t.false(plan.isDue(NOW + 1_000, false));
  t.false(plan.isDue(NOW + 1_999, false));
  t.true(plan.isDue(NOW + 2_000, false));
});

test('W5: a shard goes at once for a reason that cannot wait', (t) => {
  t.true(new DeparturePlan().isDue(NOW, true));
});

test('W6: a move that was not done is tried again after a second, then two, up to thirty', (t) => {
  const plan = new DeparturePlan();
  let now = NOW;
  for (const delayMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    t.true(plan.isDue(now, true));
    plan.failed(now);
    t.false(plan.isDue(now + delayMs - 1, true));
    now += delayMs;
  }
});

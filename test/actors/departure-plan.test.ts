import test from 'ava';
import { DeparturePlan } from '../../actors/cluster/departure-plan.ts';

const NOW = 1_800_000_000_000;

test('W5: a shard leaves for a better place only after a second without a break', (t) => {
  const plan = new DeparturePlan();
  t.false(plan.isDue(NOW, false));
  t.false(plan.isDue(NOW + 999, false));
  plan.cancel();
  t.false(plan.isDue(NOW + 1_000, false));
  t.false(plan.isDue(NOW + 1_999, false));
  t.true(plan.isDue(NOW + 2_000, false));
});

test('W5: a shard leaves at once for an urgent reason', (t) => {
  t.true(new DeparturePlan().isDue(NOW, true));
});

test('W6: a failed move is retried after a second, then two, up to thirty', (t) => {
  const plan = new DeparturePlan();
  let now = NOW;
  for (const delayMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    t.true(plan.isDue(now, true));
    plan.failed(now);
    t.false(plan.isDue(now + delayMs - 1, true));
    now += delayMs;
  }
});

// Whatever dies between any two calls, no payment is left without an order or a refund, and no
// confirmed order without its money (P4a, R5).

import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { Random } from '../../../chaos/random.ts';
import { StripeWorld } from './stripe-world.ts';

const STEPS = 150;
/** On a busy machine a payment takes more steps. */
const STEPS_MAX = 3_000;
/** Fewer would show little. */
const TAKEN_MIN = 4;
const SETTLE_MAX_MS = 40_000;
const METHODS = ['pm_card_visa', 'pm_card_visa', 'pm_card_chargeDeclined', 'pm_stand_in_at_once'];

for (const seed of [1, 2, 3]) {
  test(`P4a, R5: crashes between any two calls leave no payment without an order or a refund: seed ${seed}`, async (t) => {
    t.timeout(SETTLE_MAX_MS + 160_000);
    const random = new Random({ seed });
    const world = new StripeWorld({ random, stock: 20 });
    await world.start();
    t.teardown(() => world.stop());
    const taken = () =>
      [...world.standIn.account.intents.values()].filter(
        ({ amount_received: amount }) => amount > 0,
      ).length;
    const isEnough = (step: number) => step >= STEPS && taken() >= TAKEN_MIN;
    for (let step = 0; step < STEPS_MAX && !isEnough(step); step++) {
      const { size } = world.state.orders;
      const ordinal = random.integer(Math.max(0, size - 8), Math.max(0, size - 1));
      const exists = size > 0;
      const choice = random.next();
      if (choice < 0.25) world.order(`u_${random.integer(1, 30)}`, `k${step}`);
      else if (choice < 0.8 && exists) world.pay(ordinal, random.pick(METHODS)!);
      else if (choice < 0.85 && exists) world.cancelOne(ordinal);
      else if (choice < 0.9 && exists) world.refundOne(ordinal);
      else if (choice < 0.97) await world.crash();
      await sleep(random.integer(0, 40));
    }
    world.troubled = false;
    await world.crash();
    const until = performance.now() + SETTLE_MAX_MS;
    let findings = world.findings();
    // Twice in a row: what is under way may break what was right for a moment.
    for (let calm = 0; calm < 3 && performance.now() < until; ) {
      await sleep(300);
      findings = world.findings();
      calm = findings.length === 0 ? calm + 1 : 0;
    }
    t.deepEqual(findings, []);
    t.true(taken() >= TAKEN_MIN, `${taken()} payments were taken`);
    const { size } = world.standIn.account.refunds;
    t.log(`${world.state.orders.size} orders, ${taken()} taken, ${size} refunds`);
  });
}

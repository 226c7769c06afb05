import test from 'ava';
import fc from 'fast-check';
import { applyEvent, createDrop } from '../../domain/apply.ts';
import { answerTo, decide, decideDueOrders, decideStatus } from '../../domain/decide.ts';
import type { Decision } from '../../domain/decision.ts';
import type { PlaceOrder } from '../../contracts/commands.ts';
import type { PlacedOrder, OrderView } from '../../contracts/orders.ts';
import type { DropEvent } from '../../contracts/drop-events.ts';
import type { Refusal } from '../../contracts/refusals.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { orderId, parseOrderId } from '../../domain/ids.ts';
import { paymentsOf } from '../../domain/order-payments.ts';
import { passTerms } from '../../domain/pass.ts';
import { orderRefunds } from '../../domain/order-refunds.ts';
import { unitsOf } from '../../storage/rows/drop-totals.ts';
import { sealedAndLoaded, wholeDrop } from '../storage/sealed-drops.ts';
import { type History, history, START, type Step } from './histories.ts';

interface Recorded {
  readonly event: DropEvent;
  readonly time: number;
}

/**
 * Runs a history the way a shard does: what is due first, then the command; looks on after each
 * step.
 */
function run(
  { terms, stock, steps }: History,
  look: (step: Step, result: Decision | Refusal | null, state: DropState, now: number) => void,
): { state: DropState; recorded: Recorded[] } {
  let now = START;
  const created = decide(null, { type: 'create-drop', dropId: terms.id, terms, stock }, now);
  if (!created.ok) throw new Error(`the drop was refused: ${created.code}`);
  const [first, ...rest] = created.events;
  const recorded: Recorded[] = [{ event: first!, time: now }];
  const state = createDrop(first!, now);
  const take = (events: readonly DropEvent[]) => {
    for (const event of events) {
      applyEvent(state, event, now);
      recorded.push({ event, time: now });
    }
  };
  take(rest);
  for (const step of steps) {
    now += step.afterMs;
    while (state.nextDeadline() <= now) take(decideDue(state, now));
    const result = step.command === null ? null : decide(state, step.command, now);
    if (result?.ok === true) take(result.events);
    look(step, result, state, now);
  }
  return { state, recorded };
}

/** One step of what is due: an opening or a closing first, then two orders. */
function decideDue(state: DropState, now: number): readonly DropEvent[] {
  return [...decideStatus(state, now), ...decideDueOrders(state, now, 2)];
}

/**
 * Time passes until nothing changes by itself any more; holds that a pause stopped run on first.
 */
function runOut(state: DropState): void {
  for (const end of [START + 10_000_000, START + 20_000_000])
    while (state.nextDeadline() <= end)
      for (const event of decideDue(state, end)) applyEvent(state, event, end);
}

function allOrders(state: DropState): OrderView[] {
  return Array.from({ length: state.orders.size }, (_, ordinal) => state.orderView(ordinal));
}

/** Of up to 80 steps each. */
const RUNS = { numRuns: 1000 };
const IN_THE_WAY = new Set(['limit-per-user', 'pass-used', 'sold-out', 'insufficient-stock']);

test('S1, S3: stock adds up after every step of any history, and is what the orders say', (t) => {
  fc.assert(
    fc.property(history, (lived) => {
      run(lived, (_step, _result, state) => {
        const view = state.view();
        t.is(view.free, view.stocked - view.held - view.sold);
        let held = 0;
        let sold = 0;
        for (const order of allOrders(state)) {
          if (order.status === 'reserved') held += order.quantity;
          if (order.status === 'confirmed') sold += unitsOf(order);
        }
        if (view.held !== held || view.sold !== sold || view.free < 0) {
          throw new Error(`${JSON.stringify(view)} but orders hold ${held} and bought ${sold}`);
        }
      });
    }),
    { numRuns: 500 },
  );
  t.pass();
});

test('S4, S5: sold-out is said only when nothing is free, and a refusal changes nothing', (t) => {
  fc.assert(
    fc.property(history, (lived) => {
      run(lived, (_step, result, state) => {
        if (result?.ok === false && result.code === 'sold-out' && state.free !== 0)
          throw new Error('free units, yet sold out');
      });
    }),
    RUNS,
  );
  t.pass();
});

function isSameBody(
  state: DropState,
  order: OrderView,
  { quantity, metadata, pass }: PlaceOrder,
): boolean {
  const { ordinal } = parseOrderId(order.id)!;
  const isSamePass = state.orders.pass(ordinal) === pass?.number;
  return isSamePass && order.quantity === quantity && order.metadata === metadata;
}

test('O3, O4: a key gives its first order, always, and never two', (t) => {
  fc.assert(
    fc.property(history, (lived) => {
      const first = new Map<string, OrderView>();
      run(lived, ({ command }, result, state) => {
        if (command?.type !== 'place-order' || result === null) return;
        const name = `${command.userId} ${command.key}`;
        const known = first.get(name);
        if (!result.ok) {
          if (
            known !== undefined &&
            (isSameBody(state, known, command) || result.code !== 'idempotency-key-reused')
          ) {
            throw new Error(`${name} was ordered, then refused with ${result.code}`);
          }
          if (known === undefined && result.code === 'idempotency-key-reused')
            throw new Error(`${name} was never ordered`);
          return;
        }
        const { order, replayed } = answerTo(state, command, result) as PlacedOrder;
        if (replayed !== (known !== undefined)) throw new Error(`${name} replayed: ${replayed}`);
        if (known === undefined) first.set(name, order);
        else if (known.id !== order.id || !isSameBody(state, known, command))
          throw new Error(`${name} became another order`);
      });
    }),
    RUNS,
  );
  t.pass();
});

test('H11: a request with a key changes a drop once, and is answered as the first time', (t) => {
  let replays = 0;
  fc.assert(
    fc.property(history, (lived) => {
      const first = new Map<string, { fingerprint: string; answer: string }>();
      run(lived, ({ command }, result, state) => {
        if (command === null || !('request' in command) || command.type === 'cancel-order') return;
        const { request } = command;
        if (request === undefined || result === null) return;
        const known = first.get(request.id);
        if (known === undefined) {
          if (!result.ok) return;
          if (result.replayed) throw new Error(`${request.id} was never answered`);
          const answer = JSON.stringify(answerTo(state, command, result));
          first.set(request.id, { fingerprint: request.fingerprint, answer });
        } else if (known.fingerprint !== request.fingerprint) {
          if (result.ok || result.code !== 'idempotency-key-reused')
            throw new Error(`${request.id} was used for another request`);
        } else {
          if (!result.ok || !result.replayed || result.events.length > 0)
            throw new Error(`${request.id} was done again`);
          t.is(JSON.stringify(answerTo(state, command, result)), known.answer);
          replays += 1;
        }
      });
    }),
    RUNS,
  );
  t.true(replays > 10, `${replays}`);
});

test('O6: nobody ever holds and owns more than the limit they ordered under', (t) => {
  fc.assert(
    fc.property(history, (lived) => {
      run(lived, ({ command }, result, state) => {
        const units = new Map<string, number>();
        for (const order of allOrders(state)) {
          if (order.status !== 'reserved' && order.status !== 'confirmed') continue;
          units.set(order.userId, (units.get(order.userId) ?? 0) + unitsOf(order));
        }
        for (const [userId, count] of units) {
          if (count !== state.userUnits[state.findUser(userId)])
            throw new Error(`the units of ${userId} are miscounted`);
        }
        // Limits may be lowered before the start only, so what was just ordered must fit.
        if (
          command?.type === 'place-order' &&
          result?.ok === true &&
          (units.get(command.userId) ?? 0) > state.limitPerUser
        ) {
          throw new Error(`${command.userId} has more than ${state.limitPerUser}`);
        }
      });
    }),
    RUNS,
  );
  t.pass();
});

test('D9: passes sell no more than they allow, one for one order just that, and not too soon', (t) => {
  const accepted = { early: 0, single: 0, late: 0 };
  fc.assert(
    fc.property(history, (lived) => {
      const orders = new Map<number, Set<string>>();
      run(lived, ({ command }, result, state, now) => {
        const units = new Map<number, number>();
        for (const order of allOrders(state)) {
          const number = state.orders.pass(parseOrderId(order.id)!.ordinal);
          if (number === undefined) continue;
          const has = order.status === 'reserved' || order.status === 'confirmed';
          units.set(number, (units.get(number) ?? 0) + (has ? unitsOf(order) : 0));
          orders.set(number, (orders.get(number) ?? new Set()).add(order.id));
        }
        for (const [number, used] of units) {
          if (used > passTerms(number).units) throw new Error(`${used} units with ${number}`);
          if (used !== state.passUses?.unitsOf(number)) throw new Error('units are miscounted');
          if (passTerms(number).singleUse && orders.get(number)!.size > 1)
            throw new Error('a pass for one order placed two');
        }
        if (result?.ok !== true || result.replayed) return;
        if (result.events.some(({ type }) => type === 'order-confirmed-late')) {
          if (state.orders.pass(result.ordinal) !== undefined) accepted.late += 1;
        }
        if (command?.type !== 'place-order') return;
        const { pass } = command;
        if (pass === undefined) {
          if (state.access === 'pass' || now < state.startsAt) throw new Error('needs a pass');
          return;
        }
        if (now < pass.from || now < state.opensAt) throw new Error('the pass came too soon');
        if (now < state.startsAt) accepted.early += 1;
        if (passTerms(pass.number).singleUse) accepted.single += 1;
      });
    }),
    RUNS,
  );
  t.true(Math.min(accepted.early, accepted.single, accepted.late) > 10, JSON.stringify(accepted));
});

test('O6a: a refusal names an own order with units, and nothing where there is none', (t) => {
  fc.assert(
    fc.property(history, (lived) => {
      run(lived, ({ command }, result, state) => {
        if (command?.type !== 'place-order' || result === null || result.ok) return;
        if (!IN_THE_WAY.has(result.code)) return;
        const { userId } = command;
        const own = allOrders(state).filter(
          (order) =>
            order.userId === userId &&
            ['reserved', 'confirmed'].includes(order.status) &&
            unitsOf(order) > 0,
        );
        const isRight =
          result.orderId === undefined
            ? own.length === 0
            : own.some(({ id }) => id === result.orderId);
        if (!isRight) throw new Error(`${userId} is told of ${result.orderId}`);
      });
    }),
    RUNS,
  );
  t.pass();
});

test('P4: who paid has the units or a refund request; repeated payments change nothing', (t) => {
  fc.assert(
    fc.property(history, (lived) => {
      run(lived, ({ command }, result, state, now) => {
        if (command?.type !== 'settle-payment' || result?.ok !== true) return;
        const order = state.orderView(result.ordinal);
        const settled = ['confirmed', 'refunded'].includes(order.status) || order.refundRequested;
        const isPaid = command.succeeded && state.isPaidFor;
        if (isPaid && !settled) throw new Error(`paid, but ${order.status} without refund`);
        const again = decide(state, command, now);
        if (!again.ok || again.events.length > 0)
          throw new Error('a repeated payment changed the order');
      });
    }),
    RUNS,
  );
  t.pass();
});

test('P4a, P2a: every payment that succeeded has its order or its refund, for good', (t) => {
  let rejected = 0;
  fc.assert(
    fc.property(history, (lived) => {
      const paid = new Map<string, Set<string>>();
      const { state, recorded } = run(lived, ({ command }, result, looked, now) => {
        if (command?.type !== 'record-payment' || result?.ok !== true) return;
        const again = decide(looked, command, now);
        if (!again.ok || again.events.length > 0)
          throw new Error(`${command.outcome} came again and changed ${command.orderId}`);
        if (command.outcome !== 'succeeded' || !looked.isPaidFor) return;
        const references = paid.get(command.orderId) ?? new Set();
        paid.set(command.orderId, references.add(command.reference));
      });
      const askedFor = new Set<string>();
      for (const { event } of recorded) {
        if (event.type === 'payment-rejected') rejected += 1;
        if (event.type === 'payment-rejected' || event.type === 'refund-requested')
          askedFor.add(`${orderId(state.id, event.ordinal)} ${event.reference}`);
      }
      for (const order of allOrders(state)) {
        for (const reference of paid.get(order.id) ?? []) {
          const payments = paymentsOf(state, parseOrderId(order.id)!.ordinal);
          const payment = payments.find((one) => one.reference === reference);
          const pays = order.paymentReference === reference;
          const hasOrder = pays && order.status === 'confirmed' && payment?.status === 'succeeded';
          const isRefunded = payment?.status === 'refunding' || payment?.status === 'refunded';
          const wasAsked = askedFor.has(`${order.id} ${reference}`) || order.status === 'refunded';
          const wasMade = payment?.status === 'refunded';
          if (hasOrder ? isRefunded : !isRefunded || !(wasAsked || wasMade))
            throw new Error(`${reference} of ${order.id}, ${order.status}: ${payment?.status}`);
        }
      }
    }),
    RUNS,
  );
  t.true(rejected > 0);
});

test('O12a: refunds give back what was paid and bought, never more, and never twice', (t) => {
  let parts = 0;
  fc.assert(
    fc.property(history, (lived) => {
      const { state, recorded } = run(lived, ({ command }, result, looked, now) => {
        if (command?.type !== 'refund-order' || result?.ok !== true || result.replayed) return;
        const order = looked.orderView(result.ordinal);
        const { refundedAmount = 0, refundedQuantity = 0 } = order;
        if (refundedAmount > order.totalAmount || refundedQuantity > order.quantity)
          throw new Error(`${refundedAmount} for ${refundedQuantity} of ${order.id}`);
        const isWhole = refundedAmount === order.totalAmount && refundedQuantity === order.quantity;
        if (order.status === 'confirmed' && isWhole)
          throw new Error(`${order.id} has nothing left`);
        const again = decide(looked, command, now);
        if (order.status === 'refunded' && again.ok && again.events.length > 0)
          throw new Error(`${order.id} is refunded twice`);
      });
      const asked = new Map<number, number>();
      let stocked = lived.stock;
      for (const { event } of recorded) {
        if (event.type === 'drop-restocked') stocked += event.units;
        if (event.type !== 'order-part-refunded' && event.type !== 'order-rest-refunded') continue;
        parts += 1;
        asked.set(event.ordinal, (asked.get(event.ordinal) ?? 0) + event.amount);
        if (!event.restock) stocked -= event.quantity;
      }
      t.is(state.stocked, stocked, 'units that are not put back on sale leave the drop');
      for (const [ordinal, amount] of asked) {
        const { totalAmount, quantity } = state.orderView(ordinal);
        const refunds = orderRefunds(state, ordinal);
        t.is(
          refunds.reduce((sum, refund) => sum + refund.amount, 0),
          amount,
        );
        if (amount > totalAmount) throw new Error(`${amount} of ${totalAmount} are refunded`);
        t.true(refunds.reduce((sum, refund) => sum + refund.quantity, 0) <= quantity);
      }
    }),
    RUNS,
  );
  t.true(parts > 20, `${parts}`);
});

test('P5: an order that costs nothing is never reserved', (t) => {
  fc.assert(
    fc.property(history, (lived) => {
      run(lived, (_step, _result, state) => {
        if (state.unitAmount === 0 && state.held > 0) throw new Error('units wait for no payment');
      });
    }),
    RUNS,
  );
  t.pass();
});

test('J1: replaying the events gives the same state, and so does a snapshot', async (t) => {
  await fc.assert(
    fc.asyncProperty(history, async (lived) => {
      const { state, recorded } = run(lived, () => {});
      const replayed = createDrop(recorded[0]!.event, recorded[0]!.time);
      for (const { event, time } of recorded.slice(1)) applyEvent(replayed, event, time);
      const whole = wholeDrop(state);
      t.deepEqual(wholeDrop(replayed), whole);
      t.deepEqual(wholeDrop(await sealedAndLoaded(state)), whole);
      t.is(state.version, recorded.length);
    }),
    { numRuns: 500 },
  );
});

test('D2, O11: nothing that is due is left undone, and time alone ends every drop', (t) => {
  fc.assert(
    fc.property(history, (lived) => {
      const { state } = run(lived, (_step, _result, looked, now) => {
        // Commands may make something due (an end in the past); the next look finds it.
        while (looked.nextDeadline() <= now)
          for (const event of decideDue(looked, now)) applyEvent(looked, event, now);
        if (looked.status === 'upcoming' && looked.startsAt <= now) throw new Error('not opened');
        if (looked.status === 'live' && looked.endsAt <= now) throw new Error('not closed');
      });
      runOut(state);
      t.true(state.isOver);
      t.is(state.held, 0);
      if (state.status === 'cancelled') t.is(state.sold, 0);
    }),
    { numRuns: 500 },
  );
});

test('D2a, S1: however late what is due is decided, no order is accepted past the end', (t) => {
  let accepted = 0;
  fc.assert(
    fc.property(history, fc.infiniteStream(fc.nat(5)), (lived, turns) => {
      const { terms, stock } = lived;
      let now = START;
      const created = decide(null, { type: 'create-drop', dropId: terms.id, terms, stock }, now);
      if (!created.ok) return;
      const state = createDrop(created.events[0]!, now);
      for (const event of created.events.slice(1)) applyEvent(state, event, now);
      for (const { afterMs, command } of lived.steps) {
        now += afterMs;
        const turn = turns.next().value;
        if (turn === 0) for (const event of decideStatus(state, now)) applyEvent(state, event, now);
        if (turn === 1)
          for (const event of decideDueOrders(state, now, 1)) applyEvent(state, event, now);
        const result = command === null ? null : decide(state, command, now);
        if (result?.ok !== true) continue;
        for (const event of result.events) {
          if (event.type === 'order-placed') {
            accepted += 1;
            if (now >= state.endsAt) throw new Error('an order was accepted past the end');
          }
          applyEvent(state, event, now);
        }
      }
      runOut(state);
      t.true(state.isOver);
      t.is(state.held, 0);
    }),
    { numRuns: 500 },
  );
  t.true(accepted > 0);
});

// The rate of messages to one service: its window, and its circuit breaker.

import test from 'ava';
import {
  CircuitBreaker,
  FAILURES_TO_OPEN,
  OPEN_MAX_MS,
} from '../../../events/push/circuit-breaker.ts';
import { SendWindow } from '../../../events/push/send-window.ts';

const MAX = 64;

/** A round: a window of replies that take `tookMs`, after which a second has passed. */
function window() {
  let now = 0;
  const made = new SendWindow({ max: MAX, monotonic: () => now });
  return {
    made,
    round: (tookMs: number, underWay = made.size) => {
      for (let i = made.size; i > 0; i--) made.succeeded(tookMs, underWay);
      now += 1_000;
    },
    pass: (ms: number) => void (now += ms),
  };
}

test('R1: the window doubles until the first loss, then grows by one, within its bound', (t) => {
  const { made, round, pass } = window();
  const first = made.size;
  round(50);
  t.is(made.size, first * 2);
  made.overloaded();
  t.is(made.size, first);
  round(50);
  round(50);
  t.is(made.size, first + 1);
  for (let i = 0; i < 200; i++) round(50);
  t.is(made.size, MAX);
  for (let i = 0; i < 20; i++) {
    pass(1_000);
    made.overloaded();
  }
  t.is(made.size, 1);
  round(50);
  t.is(made.size, 2);
});

test('R1: losses beside each other are one', (t) => {
  const { made, pass } = window();
  const first = made.size;
  for (let i = 0; i < 10; i++) made.overloaded();
  t.is(made.size, first / 2);
  pass(1_000);
  made.overloaded();
  t.is(made.size, first / 4);
});

test('R1: a window that is not used does not grow, and slow replies shrink it', (t) => {
  const { made, round } = window();
  const first = made.size;
  round(50, 1);
  t.is(made.size, first);
  for (let i = 0; i < 10; i++) round(400);
  t.true(made.size < first);
  // Four times as long, but not by much: no sign of load.
  const quick = window();
  quick.round(5);
  quick.round(40);
  t.true(quick.made.size >= first * 2);
});

function breaker() {
  let now = 0;
  const made = new CircuitBreaker({ monotonic: () => now, random: () => 1 });
  return { made, pass: (ms: number) => void (now += ms) };
}

test('R1: failures in a row open the circuit, and one message tries it', (t) => {
  const { made, pass } = breaker();
  for (let i = 1; i < FAILURES_TO_OPEN; i++) made.failed();
  t.is(made.enter(), 0);
  made.succeeded();
  for (let i = 1; i < FAILURES_TO_OPEN; i++) made.failed();
  t.is(made.enter(), 0, 'a success between them counts');
  made.failed();
  t.is(made.enter(), 1_000);
  // Those that were under way end, and change nothing.
  made.failed();
  t.is(made.enter(), 1_000);
  pass(999);
  t.is(made.enter(), 1);
  pass(1);
  t.is(made.enter(), 0);
  t.true(made.enter() > 0, 'one tries');
  made.failed();
  t.is(made.enter(), 2_000);
  pass(2_000);
  t.is(made.enter(), 0);
  made.succeeded();
  t.is(made.enter(), 0);
  t.is(made.enter(), 0);
});

test('R1: the circuit stays open for twice as long each time, up to a bound', (t) => {
  const { made, pass } = breaker();
  for (let i = 0; i < FAILURES_TO_OPEN; i++) made.failed();
  for (let i = 0; i < 10; i++) {
    pass(made.waitMs);
    t.is(made.enter(), 0);
    made.failed();
  }
  t.is(made.waitMs, OPEN_MAX_MS);
});

test('R1: a try that was given up lets another one try', (t) => {
  const { made, pass } = breaker();
  for (let i = 0; i < FAILURES_TO_OPEN; i++) made.failed();
  pass(1_000);
  t.is(made.enter(), 0);
  made.gaveUp();
  t.is(made.enter(), 0);
});

// Countdowns of the pages.

import test from 'ava';
import fc from 'fast-check';
import { clockText, Countdown, untilChange } from '../../web/shared/countdown.ts';

test('U1: a countdown never jumps up, whatever the clock does', (t) => {
  const steps = fc.array(fc.integer({ min: -5_000, max: 5_000 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(steps, (changes) => {
      const countdown = new Countdown();
      let now = 0;
      let last = Number.POSITIVE_INFINITY;
      for (const change of changes) {
        now += change;
        const left = countdown.left(60_000, now);
        if (left > last || left < 0) return false;
        last = left;
      }
      return true;
    }),
  );
  t.pass();
});

test('U1: where the end itself is moved, the countdown follows', (t) => {
  const countdown = new Countdown();
  t.is(countdown.left(10_000, 4_000), 6_000);
  t.is(countdown.left(20_000, 4_000), 16_000);
  t.is(countdown.left(20_000, 25_000), 0);
});

test('U1: the text is drawn in the millisecond in which it becomes another one', (t) => {
  fc.assert(
    fc.property(fc.double({ min: 1, max: 200_000_000, noNaN: true }), (left) => {
      const wait = untilChange(left);
      const text = clockText(left);
      return (
        Number.isInteger(wait) &&
        clockText(left - wait + 1) === text &&
        clockText(Math.max(0, left - wait)) !== text
      );
    }),
  );
  t.is(untilChange(0), Infinity);
});

test('U1: what is left, largest part first', (t) => {
  const shown = [0, 1, 999, 1_000, 59_001, 3_600_000, 86_399_001, 86_400_000, 200_000_000];
  t.deepEqual(shown.map(clockText), [
    '00:00',
    '00:01',
    '00:01',
    '00:01',
    '01:00',
    '1:00:00',
    '1d 00:00:00',
    '1d 00:00:00',
    '2d 07:33:20',
  ]);
});

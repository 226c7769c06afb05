import test from 'ava';
import type { Milestone } from '../../../actors/live-bus.ts';
import type { DropView } from '../../../contracts/drops.ts';
import { Conflator } from '../../../gateway/live/conflator.ts';
import { dropView, milestone } from './live-harness.ts';

function conflator(begin: number) {
  const sent: string[] = [];
  const sink = {
    frame: (type: string, view: DropView) => void sent.push(`${type} ${view.version}`),
  };
  const pace = { freeAt: 0 };
  const bounds = { tickMs: 100, waitMsMax: 1_000 };
  const subject = new Conflator({ view: dropView(begin), ...bounds, pace, sink });
  const accept = (now: number, version: number, ...milestones: Milestone[]): string[] => {
    subject.accept(dropView(version), milestones, now);
    return sent.splice(0);
  };
  const tick = (now: number): string[] => {
    subject.tick(now);
    return sent.splice(0);
  };
  return { subject, pace, accept, tick };
}

test('N3: the first change is sent at once, later ones and the last with the next tick', (t) => {
  const { subject, accept, tick } = conflator(1);
  t.deepEqual(accept(1_000, 2), ['drop.stock 2']);
  t.deepEqual(accept(1_010, 3), []);
  t.deepEqual(accept(1_099, 4), []);
  t.is(subject.dueAt, 1_100);
  t.deepEqual(tick(1_099), []);
  t.deepEqual(tick(1_100), ['drop.stock 4']);
  t.is(subject.dueAt, null);
  t.deepEqual(tick(1_300), []);
});

test('N3: a milestone is sent at once and replaces a pending tick that is not newer', (t) => {
  const { subject, accept, tick } = conflator(1);
  accept(1_000, 2);
  accept(1_010, 3);
  t.deepEqual(accept(1_020, 4, milestone('started', dropView(4))), ['drop.started 4']);
  t.is(subject.dueAt, null);
  t.deepEqual(accept(1_030, 6, milestone('restocked', dropView(5))), ['drop.restocked 5']);
  t.deepEqual(tick(1_100), ['drop.stock 6']);
});

test('N6: milestones of one message keep their own versions, oldest first', (t) => {
  const { accept } = conflator(1);
  const passed = [milestone('low_stock', dropView(3)), milestone('sold_out', dropView(7))];
  t.deepEqual(accept(1_000, 9, ...passed), ['drop.low_stock 3', 'drop.sold_out 7', 'drop.stock 9']);
});

test('N11: a message delivered twice, or late, changes nothing', (t) => {
  const { subject, accept, tick } = conflator(1);
  accept(1_000, 5, milestone('started', dropView(5)));
  t.deepEqual(accept(2_000, 5, milestone('started', dropView(5))), []);
  t.deepEqual(accept(2_000, 4, milestone('low_stock', dropView(3))), []);
  t.is(subject.published.version, 5);
  t.is(subject.dueAt, null);
  accept(2_000, 6);
  accept(2_001, 8);
  accept(2_002, 7);
  t.deepEqual(tick(2_100), ['drop.stock 8']);
});

test('N3: sold out again within 100 ms is left to the tick, which carries the state', (t) => {
  const { accept, tick } = conflator(1);
  t.deepEqual(accept(1_000, 2, milestone('sold_out', dropView(2))), ['drop.sold_out 2']);
  t.deepEqual(accept(1_010, 3), ['drop.stock 3']);
  t.deepEqual(accept(1_020, 4, milestone('sold_out', dropView(4))), []);
  t.deepEqual(tick(1_110), ['drop.stock 4']);
  t.deepEqual(accept(1_120, 5, milestone('sold_out', dropView(5))), ['drop.sold_out 5']);
});

test('N3: a tick waits for other frames, a second at most, and is not delayed again', (t) => {
  const { subject, pace, accept, tick } = conflator(1);
  pace.freeAt = 1_250;
  t.deepEqual(accept(1_000, 2), []);
  t.is(subject.dueAt, 1_250);
  pace.freeAt = 9_000;
  t.deepEqual(accept(1_200, 3), []);
  t.is(subject.dueAt, 1_250);
  t.deepEqual(tick(1_250), ['drop.stock 3']);
  t.deepEqual(accept(1_300, 4), []);
  t.is(subject.dueAt, 2_300);
});

test('N2: a milestone does not wait for other frames', (t) => {
  const { pace, accept } = conflator(1);
  pace.freeAt = 9_000;
  t.deepEqual(accept(1_000, 2, milestone('sold_out', dropView(2))), ['drop.sold_out 2']);
});

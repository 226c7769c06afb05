// Random interleavings of changes, milestones, subscriptions, slow reads and time. Each is compared
// with what every subscriber must see.

import test from 'ava';
import * as fc from 'fast-check';
import type { Milestone } from '../../../actors/live-bus.ts';
import {
  dropView,
  type FakeSocket,
  type Frame,
  LiveHarness,
  milestone,
  settled,
} from './live-harness.ts';

type Step =
  | {
      readonly do: 'change';
      readonly events: number;
      readonly milestones: readonly Milestone['type'][];
    }
  | { readonly do: 'repeat' }
  | { readonly do: 'subscribe' | 'resubscribe' | 'unsubscribe' | 'let-go' | 'leave' }
  | { readonly do: 'advance'; readonly ms: number };

const milestoneType = fc.constantFrom<Milestone['type']>(
  'started',
  'low_stock',
  'sold_out',
  'restocked',
  'back_in_stock',
  'ended',
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('change' as const),
      events: fc.integer({ min: 1, max: 5 }),
      milestones: fc.array(milestoneType, { maxLength: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('repeat' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'subscribe' as const,
        'resubscribe' as const,
        'unsubscribe' as const,
        'leave' as const,
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('let-go' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      ms: fc.integer({ min: 1, max: 150 }),
    }),
  },
);

const TOPIC = 'drop:drop_1';

/**
 * One subscription's frames, from `subscribed` on; a client that subscribes twice has two lists.
 */
function subscriptions(socket: FakeSocket) {
  const lists: { type: string; version: number; frame: Frame }[][] = [];
  for (const frame of socket.frames) {
    if (frame.topic !== TOPIC) continue;
    if (frame.type === 'subscribed') lists.push([]);
    else if (frame.version !== undefined) {
      lists.at(-1)!.push({ type: frame.type, version: frame.version, frame });
    }
  }
  return lists;
}

test('N3, N6: a snapshot first, then rising versions, spaced ticks, the last state', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const harness = new LiveHarness({ resumeGraceMs: 0 });
      let version = 1;
      harness.drops.set('drop_1', dropView(version));
      const keeper = await harness.openReady('keeper');
      const all: FakeSocket[] = [keeper];
      const open: FakeSocket[] = [keeper];
      let last: (() => void) | null = null;
      harness.gated = true;
      for (const one of steps) {
        switch (one.do) {
          case 'change': {
            const milestones = one.milestones
              .slice(0, one.events)
              .map((type, i) => milestone(type, dropView(version + 1 + i, { stocked: 1_000 })));
            version += one.events;
            const view = dropView(version, { stocked: 1_000 });
            last = () => harness.bus.publish('drop.drop_1', { type: 'drop', view, milestones });
            harness.change(view, ...milestones);
            break;
          }
          case 'repeat':
            last?.();
            break;
          case 'subscribe': {
            const socket = harness.open({ dropId: 'drop_1' });
            all.push(socket);
            open.push(socket);
            break;
          }
          case 'resubscribe':
            keeper.say({ type: 'subscribe', topic: TOPIC });
            break;
          case 'unsubscribe':
            keeper.say({ type: 'unsubscribe', topic: TOPIC });
            break;
          case 'leave':
            if (open.length > 1) open.pop()!.connection!.closed();
            break;
          case 'let-go':
            await harness.releaseRead();
            break;
          case 'advance':
            harness.clock.advance(one.ms);
            break;
        }
      }
      await settled();
      while (harness.waitingReads > 0) await harness.releaseRead();
      await settled();
      harness.clock.advance(200);

      const sentAt = new Map(harness.published.map(({ frame, at }) => [frame, at]));
      for (const socket of all) {
        for (const frames of subscriptions(socket)) {
          t.is(frames[0]?.type, 'drop.snapshot');
          for (let i = 1; i < frames.length; i++)
            t.true(frames[i]!.version > frames[i - 1]!.version);
          const ticks = frames
            .filter(({ type }) => type === 'drop.stock')
            .map(({ frame }) => sentAt.get(frame)!);
          for (let i = 1; i < ticks.length; i++) t.true(ticks[i]! - ticks[i - 1]! >= 100);
        }
      }
      for (const socket of open) {
        if (socket.topics.has(TOPIC)) t.is(subscriptions(socket).at(-1)!.at(-1)!.version, version);
        else t.is(socket, keeper);
      }
      harness.hub.stop();
      t.is(harness.bus.hasListeners('drop.drop_1'), false);
      t.is(harness.clock.timers, 0);
    }),
    { numRuns: 300 },
  );
});

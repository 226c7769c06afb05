// What is taken down, as the live stream hears of it: not at all (A11).

import test from 'ava';
import {
  creatorTopic,
  dropTopic,
  InProcessLiveBus,
  type LiveMessage,
  userTopic,
} from '../../../actors/live-bus.ts';
import type { Hideable } from '../../../events/restriction-set.ts';
import { success } from '../../../domain/refusal.ts';
import { busOfShown, routerOfShown } from '../../../gateway/live/shown.ts';
import { drop, FakeRouter } from '../fixture.ts';

function hiding(...ids: string[]) {
  return {
    isHidden: ({ id = '', productId = '', creatorId }: Hideable) =>
      [id, productId, creatorId].some((one) => ids.includes(one)),
  };
}

test('A11: listeners hear neither of hidden drops nor of their milestones, and of all else', (t) => {
  const inner = new InProcessLiveBus();
  const hidden = hiding('drp_2', 'prd_3', 'creator_4');
  const bus = busOfShown(inner, hidden);
  const heard: LiveMessage[] = [];
  for (const topic of [dropTopic('x'), creatorTopic('x'), userTopic('x')])
    bus.subscribe(topic, (message) => heard.push(message));
  const views = [
    drop,
    { ...drop, id: 'drp_2' },
    { ...drop, productId: 'prd_3' },
    { ...drop, creatorId: 'creator_4' },
  ];
  for (const view of views) {
    const milestone = { type: 'started', view } as const;
    inner.publish(dropTopic('x'), { type: 'drop', view, milestones: [milestone] });
    inner.publish(creatorTopic('x'), { type: 'milestone', milestone });
  }
  inner.publish(userTopic('x'), { type: 'feed' });
  t.deepEqual(heard, [
    { type: 'drop', view: drop, milestones: [{ type: 'started', view: drop }] },
    { type: 'milestone', milestone: { type: 'started', view: drop } },
    { type: 'feed' },
  ]);
  t.true(bus.hasListeners(dropTopic('x')));
});

test('A11: a hidden drop is not there for the live stream', async (t) => {
  const inner = new FakeRouter();
  inner.answer = () => success(drop);
  const read = { type: 'get-drop', dropId: drop.id } as const;
  t.like(await routerOfShown(inner, hiding()).send(read), { ok: true });
  t.like(await routerOfShown(inner, hiding(drop.id)).send(read), { ok: false, code: 'not-found' });
});

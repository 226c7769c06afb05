// What every live bus promises, run on each of them. A driver gives two ends of one bus, which are
// the same where there is only one.

import { isDeepStrictEqual } from 'node:util';
import type { ExecutionContext, TestFn } from 'ava';
import {
  creatorTopic,
  dropTopic,
  type LiveBus,
  type LiveMessage,
  userTopic,
} from '../../actors/live-bus.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { RestrictionChange } from '../../contracts/restrictions.ts';

export interface BusEnds {
  readonly near: LiveBus;
  readonly far: LiveBus;
}

export type WithEnds = (
  t: ExecutionContext,
  use: (ends: BusEnds) => Promise<void>,
) => Promise<void>;

export function dropMessage(version: number, id = 'drop_1'): LiveMessage {
  const view: DropView = {
    id,
    productId: 'product_1',
    creatorId: 'creator_1',
    startsAt: 1_800_000_000_000,
    endsAt: 1_800_000_600_000,
    unitAmount: 4_900,
    currency: 'EUR',
    limitPerUser: 2,
    holdSeconds: 120,
    payment: 'provider',
    createdAt: 1_799_999_000_000,
    status: 'live',
    soldOut: false,
    stocked: 2_000,
    held: 3,
    sold: version,
    free: 1_997 - version,
    version,
  };
  return { type: 'drop', view, milestones: [{ type: 'low_stock', view }] };
}

function pausedMessage(change: Partial<DropView>): LiveMessage {
  const message = dropMessage(7);
  if (message.type !== 'drop') throw new Error('not about a drop');
  const paused = { paused: true, pausedAt: 1_800_000_000_000, pausedVersion: 6 } as const;
  const view = { ...message.view, revision: 2, ...paused, ...change };
  return { type: 'drop', view, milestones: [{ type: 'paused', view }] };
}

function restrictionMessage(change: Partial<RestrictionChange>): LiveMessage {
  const key = { kind: 'ban', scope: 'creator_1', subject: '~shop:ü 1' } as const;
  return {
    type: 'restriction',
    change: { ...key, until: null, isLifted: false, sequence: 9, ...change },
  };
}

/** Of a drop that does not sell to everybody at once (D9). */
function asking(change: Partial<DropView>): LiveMessage {
  const message = dropMessage(7);
  if (message.type !== 'drop') throw new Error('not about a drop');
  return { type: 'drop', view: { ...message.view, revision: 2, ...change }, milestones: [] };
}

/** Collects what is heard; `until` resolves when so many have come. */
export class Ear {
  readonly heard: LiveMessage[] = [];
  #wanted = Number.POSITIVE_INFINITY;
  #enough: () => void = () => undefined;

  readonly listen = (message: LiveMessage): void => {
    this.heard.push(message);
    if (this.heard.length >= this.#wanted) this.#enough();
  };

  until(count: number): Promise<void> {
    if (this.heard.length >= count) return Promise.resolve();
    this.#wanted = count;
    return new Promise((resolve) => {
      this.#enough = resolve;
    });
  }
}

/** Resolves when all that `from` has published so far has reached `to`. */
export async function carried(from: LiveBus, to: LiveBus): Promise<void> {
  const mark = new Ear();
  const unsubscribe = to.subscribe('test.mark', mark.listen);
  await to.settled();
  from.publish('test.mark', { type: 'follow', creatorId: 'mark', following: true });
  await mark.until(1);
  unsubscribe();
}

/** Topics whose ids mean something to some transport. */
const STRANGE_IDS = [
  'a.b',
  'a',
  'b',
  'a.b.c',
  'a=2eb',
  '*',
  '>',
  'a.*',
  ' ',
  'two words',
  '',
  '=',
  '.',
  'ünï',
  '~!@#$%^&()',
  'user.a',
  'two\nlines',
];

export function liveBusContract(test: TestFn, name: string, withEnds: WithEnds): void {
  test(`${name}: frames reach listeners near and far, as they were and in their order`, (t) =>
    withEnds(t, async ({ near, far }) => {
      const [here, there] = [new Ear(), new Ear()];
      near.subscribe(dropTopic('drop_1'), here.listen);
      far.subscribe(dropTopic('drop_1'), there.listen);
      await far.settled();
      const sent = Array.from({ length: 2_000 }, (_, i) => dropMessage(i));
      for (const message of sent) near.publish(dropTopic('drop_1'), message);
      await there.until(sent.length);
      t.deepEqual(here.heard, sent);
      t.deepEqual(there.heard, sent);
    }));

  test(`${name}: a listener on the same node gets the message before publish returns`, (t) =>
    withEnds(t, async ({ near }) => {
      const ear = new Ear();
      near.subscribe(dropTopic('drop_1'), ear.listen);
      near.publish(dropTopic('drop_1'), dropMessage(1));
      t.is(ear.heard.length, 1);
    }));

  test(`${name}: every kind of message arrives as it was sent`, (t) =>
    withEnds(t, async ({ near, far }) => {
      const drop = dropMessage(7);
      const messages: LiveMessage[] = [
        drop,
        { type: 'milestone', milestone: drop.type === 'drop' ? drop.milestones[0]! : t.fail() },
        {
          type: 'notification',
          notification: {
            id: '12',
            userId: 'user_1',
            type: 'order.confirmed',
            data: { orderId: 'drop_1-4', quantity: 2, gift: false, note: 'naïve ☃' },
            createdAt: 1_800_000_000_001,
            readAt: null,
          },
        },
        pausedMessage({ pauseReason: 'Wrong price ü.', holdsPaused: true, externalId: 'sku' }),
        pausedMessage({}),
        pausedMessage({ access: 'pass', earlyAccessSeconds: 60 }),
        asking({ access: 'pass' }),
        asking({ unlisted: true }),
        pausedMessage({ unlisted: true, earlyAccessSeconds: 60 }),
        asking({ earlyAccessSeconds: 3_600, externalId: 'sku' }),
        { type: 'follow', creatorId: 'creator_1', following: false },
        { type: 'feed' },
        {
          type: 'payment-failed',
          payment: { orderId: 'drop_1-0', dropId: 'drop_1', reference: 'pay_1' },
        },
        {
          type: 'payment-ready',
          payment: {
            orderId: 'drop_1-0',
            dropId: 'drop_1',
            reference: 'pi_1',
            holdExpiresAt: 1_800_000_000_001,
          },
        },
        { type: 'media-settled', media: { mediaId: 'm_1', status: 'ready' } },
        { type: 'media-settled', media: { mediaId: 'm_1', status: 'refused', reason: 'A ☃.' } },
        restrictionMessage({ until: 1_800_000_000_001 }),
        restrictionMessage({ scope: '', until: null, isLifted: true }),
      ];
      const ear = new Ear();
      far.subscribe(userTopic('user_1'), ear.listen);
      await far.settled();
      for (const message of messages) near.publish(userTopic('user_1'), message);
      await ear.until(messages.length);
      t.deepEqual(ear.heard, messages);
    }));

  test(`${name}: each of several listeners gets a message once, and none after its end`, (t) =>
    withEnds(t, async ({ near, far }) => {
      const [one, two] = [new Ear(), new Ear()];
      const endOne = far.subscribe(creatorTopic('c'), one.listen);
      far.subscribe(creatorTopic('c'), two.listen);
      await far.settled();
      near.publish(creatorTopic('c'), dropMessage(1));
      await two.until(1);
      endOne();
      endOne();
      near.publish(creatorTopic('c'), dropMessage(2));
      await two.until(2);
      t.deepEqual([one.heard.length, two.heard.length], [1, 2]);
      const again = new Ear();
      far.subscribe(creatorTopic('c'), again.listen);
      near.publish(creatorTopic('c'), dropMessage(3));
      await again.until(1);
      t.deepEqual([one.heard.length, two.heard.length, again.heard.length], [1, 3, 1]);
    }));

  test(`${name}: a topic without listeners delivers no more messages`, (t) =>
    withEnds(t, async ({ near, far }) => {
      const ear = new Ear();
      far.subscribe(dropTopic('drop_1'), ear.listen)();
      await far.settled();
      near.publish(dropTopic('drop_1'), dropMessage(1));
      await carried(near, far);
      t.deepEqual(ear.heard, []);
      far.subscribe(dropTopic('drop_1'), ear.listen);
      await far.settled();
      near.publish(dropTopic('drop_1'), dropMessage(2));
      await carried(near, far);
      t.deepEqual(ear.heard, [dropMessage(2)]);
    }));

  test(`${name}: ids of any characters are topics of their own`, (t) =>
    withEnds(t, async ({ near, far }) => {
      const ears = new Map(STRANGE_IDS.map((id) => [id, new Ear()]));
      for (const [id, ear] of ears) far.subscribe(userTopic(id), ear.listen);
      await far.settled();
      for (const id of STRANGE_IDS) near.publish(userTopic(id), dropMessage(1, id));
      await carried(near, far);
      for (const [id, ear] of ears) t.deepEqual(ear.heard, [dropMessage(1, id)], `"${id}"`);
    }));

  test(`${name}: many topics at once keep apart`, (t) =>
    withEnds(t, async ({ near, far }) => {
      const ears = Array.from({ length: 5_000 }, () => new Ear());
      for (const [i, ear] of ears.entries()) far.subscribe(userTopic(`user_${i}`), ear.listen);
      await far.settled();
      const message = (user: number, round: number): LiveMessage => ({
        type: 'follow',
        creatorId: `${user}`,
        following: round === 1,
      });
      for (let round = 0; round < 2; round++) {
        for (const i of ears.keys()) near.publish(userTopic(`user_${i}`), message(i, round));
      }
      await carried(near, far);
      const wrong = ears.filter(
        ({ heard }, i) => !isDeepStrictEqual(heard, [message(i, 0), message(i, 1)]),
      );
      t.is(wrong.length, 0);
    }));
}

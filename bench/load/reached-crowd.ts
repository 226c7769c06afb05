// A creator's followers, some of whom have a browser that pushes reach, and the walk of a fan-out
// over them, as a node of the role `services` has it: its jobs, its runner and what they read.

import { createECDH, randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { systemClock } from '../../actors/clock.ts';
import { DEFAULT_PREFERENCES } from '../../contracts/preferences.ts';
import type { PushSubscription } from '../../contracts/push.ts';
import { success } from '../../domain/refusal.ts';
import { JobQueue } from '../../events/jobs/job-queue.ts';
import { JobRunner } from '../../events/jobs/job-runner.ts';
import type { PushSender } from '../../events/push/push-sender.ts';
import { PushDropHandler } from '../../events/reach/drop-handlers.ts';
import { FanOut } from '../../events/reach/fan-out.ts';
import { NewsQueue } from '../../events/reach/news-queue.ts';
import { People } from '../../events/reach/people.ts';
import { ReachCounts } from '../../events/reach/reach-counts.ts';
import { UnderWay } from '../../events/reach/under-way.ts';
import type { Recipient } from '../../storage/ports/recipients.ts';
import type { Stores } from '../../storage/ports/stores.ts';
import { dropView, ScriptedRouter } from '../../test/services/harness.ts';

const CREATOR_ID = 'u_creator';
const WRITTEN_AT_ONCE = 2_000;
/** Pairs of keys that browsers share: who sends can tell no difference. */
const KEY_PAIRS = 1_000;
const ENDPOINT_BYTES = 96;
const DONE_INTERVAL_MS = 50;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export interface ReachedCrowd {
  readonly followers: number;
  /** Followers with one browser each, evenly among the others. */
  readonly subscriptions: number;
  /** Of the push services of their browsers, in turn. */
  readonly origins: readonly string[];
  /** Of the server's key. */
  readonly keyId: string;
}

/** Writes the crowd by the ports, and that its creator wants no spread. */
export async function fillReachedCrowd(
  { follows, recipients }: Pick<Stores, 'follows' | 'recipients'>,
  crowd: ReachedCrowd,
): Promise<void> {
  const { followers, subscriptions } = crowd;
  const pairs = Array.from({ length: KEY_PAIRS }, browserKeys);
  const isReached = (i: number) =>
    Math.floor(((i + 1) * subscriptions) / followers) > Math.floor((i * subscriptions) / followers);
  let browsers = 0;
  for (let from = 0; from < followers; from += WRITTEN_AT_ONCE) {
    const to = Math.min(followers, from + WRITTEN_AT_ONCE);
    const some = Array.from({ length: to - from }, (_, i) => from + i);
    await Promise.all(some.map((i) => follows.follow(followerId(i), CREATOR_ID, i)));
    const reached = some.filter(isReached);
    const rows = reached.map((i) => {
      const subscription = subscriptionOf(crowd, pairs[browsers % KEY_PAIRS]!, browsers);
      browsers += 1;
      return recipientOf(followerId(i), [subscription]);
    });
    await Promise.all(rows.map((row) => recipients.replace(row)));
  }
  await recipients.replace(recipientOf(CREATOR_ID, []));
}

function browserKeys(): Pick<PushSubscription, 'p256dh' | 'auth'> {
  const pair = createECDH('prime256v1');
  pair.generateKeys();
  return { p256dh: pair.getPublicKey('base64url'), auth: randomBytes(16).toString('base64url') };
}

function followerId(number: number): string {
  return `u_01jd${String(number * 7_919).padStart(20, '0')}`;
}

function subscriptionOf(
  { origins, keyId }: ReachedCrowd,
  keys: Pick<PushSubscription, 'p256dh' | 'auth'>,
  number: number,
): PushSubscription {
  const secret = randomBytes(ENDPOINT_BYTES).toString('base64url');
  const endpoint = `${origins[number % origins.length]}/push/${secret}`;
  return { endpoint, ...keys, keyId, sessionId: 's_1', createdAt: 1 };
}

function recipientOf(userId: string, subscriptions: readonly PushSubscription[]): Recipient {
  const preferences = { ...DEFAULT_PREFERENCES, spreadSeconds: 0 };
  return { userId, subscriptions, preferences, unsubscribeSecret: null, revision: 1 };
}

export interface WalkResult {
  readonly messages: number;
  /** Tries that ended in anything but a message taken. */
  readonly notTaken: number;
  /** From the event until its jobs were over. */
  readonly seconds: number;
  /** From the event until the last message was taken. */
  readonly lastSeconds: number;
  /** Messages that were taken within a minute of the event. */
  readonly withinMinute: number;
}

/**
 * Tells the whole crowd that a drop has started, by the jobs that a node makes of the news, and
 * waits for their end. `number`: each walk is of a drop of its own.
 */
export async function walkReachedCrowd(
  stores: Stores,
  pushes: PushSender,
  number: number,
): Promise<WalkResult> {
  const clock = systemClock;
  const log = pino({ level: 'warn' }, process.stderr);
  const counts = new ReachCounts();
  const at = clock.now();
  const drop = dropView({ id: `d_${number}`, creatorId: CREATOR_ID, endsAt: at + HOUR_MS });
  const router = new ScriptedRouter();
  router.answer = () => success(drop);
  let lastMs = 0;
  const send: PushSender['send'] = async (...message) => {
    const result = await pushes.send(...message);
    if (result.outcome === 'sent') lastMs = clock.now() - at;
    return result;
  };
  const publicUrl = () => 'https://shop.example';
  const handler = new PushDropHandler({
    ...stores,
    fanOut: new FanOut({ clock, counts }),
    people: new People({
      ...stores,
      presence: { online: async () => new Set() },
      pushes: { send },
      mails: { send: async () => undefined, stop: async () => undefined },
      counts,
      publicUrl,
      clock,
    }),
    router,
    hidden: { isHidden: () => false },
    underWay: new UnderWay(),
    publicUrl,
    clock,
  });
  const queue = new JobQueue({ ...stores, now: () => clock.now() });
  const runner = new JobRunner({ ...stores, queue, handlers: [handler], clock, log });
  const began = clock.monotonic();
  const { id: dropId, creatorId, productId } = drop;
  const news = { type: 'drop-started', dropId, creatorId, productId, at } as const;
  const place = `0-${number}-0`;
  await new NewsQueue({ ...stores, queue }).add({
    place,
    drops: [{ ...news, place, isDecided: true }],
    orders: [],
  });
  runner.start();
  while (
    (await stores.jobs.counts()).some(({ state }) => state === 'queued' || state === 'running')
  )
    await new Promise((resolve) => setTimeout(resolve, DONE_INTERVAL_MS));
  const seconds = (clock.monotonic() - began) / 1_000;
  await runner.stop();
  return { ...messagesOf(counts), seconds, lastSeconds: lastMs / 1_000 };
}

function messagesOf(
  counts: ReachCounts,
): Pick<WalkResult, 'messages' | 'notTaken' | 'withinMinute'> {
  const sum = (isSent: boolean) =>
    counts
      .samples()
      .filter(({ outcome }) => (outcome === 'sent') === isSent)
      .reduce((total, { count }) => total + count, 0);
  const { boundsMs, counts: lags } = counts.lag();
  const withinMinute = boundsMs.reduce(
    (total, boundMs, i) => total + (boundMs <= MINUTE_MS ? lags[i]! : 0),
    0,
  );
  return { messages: sum(true), notTaken: sum(false), withinMinute };
}

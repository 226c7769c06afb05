// Followers with browsers and addresses, over stores in memory, with services that a test scripts.

import type { DropView } from '../../../contracts/drops.ts';
import { DEFAULT_PREFERENCES } from '../../../contracts/preferences.ts';
import type { PushContent } from '../../../contracts/push.ts';
import { refusal, success } from '../../../domain/refusal.ts';
import { JobQueue } from '../../../events/jobs/job-queue.ts';
import type { JobHandler } from '../../../events/jobs/job-handler.ts';
import type { Mail, MailSender } from '../../../events/mail/mail-sender.ts';
import type { PushMessage, PushResult, PushSender } from '../../../events/push/push-sender.ts';
import { MailDropHandler, PushDropHandler } from '../../../events/reach/drop-handlers.ts';
import { FanOut } from '../../../events/reach/fan-out.ts';
import { NewsQueue } from '../../../events/reach/news-queue.ts';
import type { DropNews } from '../../../events/reach/news.ts';
import { People } from '../../../events/reach/people.ts';
import { ReachCounts } from '../../../events/reach/reach-counts.ts';
import { TellBuyersHandler } from '../../../events/reach/tell-buyers.ts';
import { UnderWay } from '../../../events/reach/under-way.ts';
import { memoryStores } from '../../../storage/memory/stores.ts';
import type { Recipient } from '../../../storage/ports/recipients.ts';
import { ManualClock } from '../../actors/manual-clock.ts';
import { dropView, NOW, ScriptedRouter } from '../../services/harness.ts';

export const CREATOR = 'u_creator';

/** What a service got, in order. */
export interface Received {
  readonly endpoint: string;
  readonly content: PushContent;
  readonly message: PushMessage;
}

type Answer = (
  endpoint: string,
  signal: AbortSignal | undefined,
) => PushResult | Promise<PushResult>;

export class ScriptedPushes implements PushSender {
  readonly received: Received[] = [];
  answer: Answer = () => ({ outcome: 'sent' });

  /** Only what was taken is received. */
  async send(
    { endpoint }: { readonly endpoint: string },
    message: PushMessage,
    signal?: AbortSignal,
  ): Promise<PushResult> {
    const result = await this.answer(endpoint, signal);
    if (result.outcome === 'sent') {
      const content = JSON.parse(message.payload) as PushContent;
      this.received.push({ endpoint, content, message });
    }
    return result;
  }

  /** How often each endpoint got something. */
  counts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { endpoint } of this.received) counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
    return counts;
  }
}

/** A service that answers nothing until it is asked to stop. */
export function hangs(signal: AbortSignal | undefined): Promise<PushResult> {
  const aborted = { outcome: 'failed', retryAfterMs: 0, reason: 'aborted' } as const;
  if (signal?.aborted === true) return Promise.resolve(aborted);
  return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(aborted)));
}

export class RecordedMails implements MailSender {
  readonly mails: Mail[] = [];
  before: (mail: Mail) => void = () => undefined;

  async send(mail: Mail): Promise<void> {
    this.before(mail);
    this.mails.push(mail);
  }

  async stop(): Promise<void> {}
}

export function reachFixture() {
  const stores = memoryStores();
  const clock = new ManualClock(NOW);
  const pushes = new ScriptedPushes();
  const mails = new RecordedMails();
  const router = new ScriptedRouter();
  const counts = new ReachCounts();
  const underWay = new UnderWay();
  const online = new Set<string>();
  let drop: DropView | null = dropView({ creatorId: CREATOR });
  router.answer = () => (drop === null ? refusal('not-found') : success(drop));
  const publicUrl = () => 'https://shop.example';
  const presence = {
    online: async (ids: readonly string[]) => new Set(ids.filter((id) => online.has(id))),
  };
  const people = new People({ ...stores, presence, pushes, mails, counts, publicUrl, clock });
  const fanOut = new FanOut({ clock, counts, random: () => 0 });
  const hidden = { isHidden: () => false };
  const parts = { ...stores, fanOut, people, router, hidden, underWay, publicUrl, clock };
  const queue = new JobQueue({ jobs: stores.jobs, now: () => clock.now() });
  const handlers: JobHandler[] = [
    new PushDropHandler(parts),
    new MailDropHandler(parts),
    new TellBuyersHandler(parts),
  ];
  return {
    stores,
    clock,
    pushes,
    mails,
    counts,
    online,
    underWay,
    queue,
    handlers,
    news: new NewsQueue({ ...stores, queue }),
    setDrop(view: DropView | null) {
      drop = view;
    },
    /** A follower with a browser at each of the services. */
    async addFollower(
      userId: string,
      services: readonly string[],
      change: Partial<Recipient> = {},
    ) {
      await stores.follows.follow(userId, CREATOR, NOW - 1_000);
      const subscriptions = services.map((service) => ({
        endpoint: `https://${service}/${userId}`,
        p256dh: 'BA',
        auth: 'Zz',
        keyId: 'k_1',
        sessionId: null,
        createdAt: NOW,
      }));
      await stores.recipients.replace({
        userId,
        subscriptions,
        preferences: DEFAULT_PREFERENCES,
        unsubscribeSecret: null,
        revision: 1,
        ...change,
      });
    },
    /** The creator's preference. */
    async setSpread(spreadSeconds: number): Promise<void> {
      await stores.recipients.replace({
        userId: CREATOR,
        subscriptions: [],
        preferences: { ...DEFAULT_PREFERENCES, spreadSeconds },
        unsubscribeSecret: null,
        revision: 1,
      });
    },
    /** Runs steps of all jobs, one after the other, and lets time pass where they wait. */
    async run(stepsMax = 500): Promise<void> {
      const all = await stores.jobs.list({}, { limit: 100, cursor: null });
      for (const { id } of all.items) {
        for (let steps = 0; steps < stepsMax; steps++) {
          const job = (await stores.jobs.find(id))!;
          if (job.state === 'done') break;
          const handler = handlers.find(({ kind }) => kind === job.kind)!;
          const step = await handler.step(job, new AbortController().signal);
          const { cursor, progress, isLast, pauseMs = 0 } = step;
          const state = isLast ? ('done' as const) : job.state;
          await stores.jobs.replace({
            ...job,
            cursor,
            progress,
            state,
            revision: job.revision + 1,
          });
          await clock.advance(pauseMs);
        }
      }
    },
    async jobs() {
      return (await stores.jobs.list({}, { limit: 100, cursor: null })).items;
    },
  };
}

export function dropNews(change: Partial<DropNews> = {}): DropNews {
  return {
    type: 'drop-started',
    dropId: 'd_1',
    creatorId: CREATOR,
    productId: 'p_1',
    at: NOW,
    place: '3-7-0',
    isDecided: true,
    ...change,
  };
}

// What a node with the services does to reach people by push and mail: the jobs that tell them, and
// where news become jobs.

import type { ServiceBroker } from 'moleculer';
import type { Clock } from '../actors/clock.ts';
import type { CommandRouter } from '../actors/command-router.ts';
import type { JobHandler } from '../events/jobs/job-handler.ts';
import type { JobQueue } from '../events/jobs/job-queue.ts';
import { MailDropHandler, PushDropHandler } from '../events/reach/drop-handlers.ts';
import { FanOut } from '../events/reach/fan-out.ts';
import { NewsQueue } from '../events/reach/news-queue.ts';
import { People } from '../events/reach/people.ts';
import { ReachCounts } from '../events/reach/reach-counts.ts';
import { TellBuyersHandler } from '../events/reach/tell-buyers.ts';
import { UnderWay } from '../events/reach/under-way.ts';
import type { RestrictionSet } from '../events/restriction-set.ts';
import type { ReachSample } from '../gateway/metrics/reach-metrics.ts';
import { BrokerPresence } from '../services/presence.ts';
import type { Stores } from '../storage/ports/stores.ts';
import type { AccountParts } from './accounts.ts';
import type { NodePush } from './push.ts';

export interface Reach {
  readonly handlers: readonly JobHandler[];
  readonly sample: ReachSample;
  /** News become jobs of this queue. */
  newsOf(queue: JobQueue): NewsQueue;
}

export function createReach(options: {
  readonly broker: ServiceBroker;
  readonly stores: Stores;
  readonly router: CommandRouter;
  readonly hidden: Pick<RestrictionSet, 'isHidden'>;
  readonly push: NodePush;
  readonly accounts: Pick<AccountParts, 'mails' | 'publicUrl'>;
  readonly clock: Clock;
}): Reach {
  const { broker, stores, push, accounts, clock } = options;
  const { mails, publicUrl } = accounts;
  const counts = new ReachCounts();
  const underWay = new UnderWay();
  const presence = new BrokerPresence({ broker });
  const people = new People({
    ...stores,
    presence,
    pushes: push.sender,
    mails,
    counts,
    publicUrl,
    clock,
  });
  const fanOut = new FanOut({ clock, counts });
  const parts = { ...options, ...stores, fanOut, people, underWay, publicUrl };
  return {
    handlers: [
      new PushDropHandler(parts),
      new MailDropHandler(parts),
      new TellBuyersHandler(parts),
    ],
    sample: {
      messages: () => counts.samples(),
      lag: () => counts.lag(),
      oldestMs: () => underWay.oldestMs(clock.now()),
    },
    newsOf: (queue) => new NewsQueue({ ...stores, queue }),
  };
}

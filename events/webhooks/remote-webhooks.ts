// The store of webhooks for the thread that feeds them: the process's main thread has it.

import type { MessagePort } from 'node:worker_threads';
import type { ConsumerPositions } from '../../storage/ports/consumer-positions.ts';
import type {
  CaughtUpResult,
  FedEntry,
  FedResult,
  WebhookStore,
} from '../../storage/ports/webhooks.ts';
import { answerQuestions, PortQuestions } from '../port-questions.ts';

const STORE_METHODS = [
  'revisions',
  'inBucket',
  'find',
  'feed',
  'catchUp',
  'catchUpKey',
  'fedThrough',
  'lackingIn',
  'lackingKeysOf',
  'lackingOf',
  'waitingCount',
] as const;
type StoreMethod = (typeof STORE_METHODS)[number];
/** What the thread uses of the store. */
export type FedWebhooks = Pick<WebhookStore, StoreMethod>;

const POSITION_METHODS = ['load', 'save', 'replace'] as const;
type PositionMethod = (typeof POSITION_METHODS)[number];

interface Question {
  readonly of: 'store' | 'positions';
  readonly method: StoreMethod | PositionMethod;
  readonly args: readonly unknown[];
}

export interface RemoteWebhooks {
  readonly store: FedWebhooks;
  readonly positions: ConsumerPositions;
}

export function remoteWebhooks(port: MessagePort): RemoteWebhooks {
  const questions = new PortQuestions<Question, unknown>(port);
  const asking = (of: Question['of'], methods: readonly Question['method'][]): unknown =>
    Object.fromEntries(
      methods.map((method) => [
        method,
        (...args: readonly unknown[]) => questions.ask({ of, method, args }),
      ]),
    );
  return {
    store: asking('store', STORE_METHODS) as FedWebhooks,
    positions: asking('positions', POSITION_METHODS) as ConsumerPositions,
  };
}

export interface ServeWebhooksOptions {
  readonly store: FedWebhooks;
  readonly positions: ConsumerPositions;
  /** Deliveries of the webhook wait that did not before. */
  readonly onFed: (webhookId: string) => void;
}

/** Answers the questions of `remoteWebhooks` at the other end of the port. */
export function serveWebhooks(port: MessagePort, options: ServeWebhooksOptions): void {
  const targets = options as unknown as Record<
    Question['of'],
    Record<string, (...args: readonly unknown[]) => Promise<unknown>>
  >;
  answerQuestions(port, async ({ of, method, args }: Question) => {
    const answer = await targets[of][method]!(...args);
    for (const webhookId of fedBy(method, args, answer)) options.onFed(webhookId);
    return answer;
  });
}

/** After which deliveries may wait that did not before. */
const FED: readonly (FedResult | CaughtUpResult)[] = ['taken', 'held', 'done'];

function fedBy(
  method: Question['method'],
  [asked]: readonly unknown[],
  answer: unknown,
): readonly string[] {
  if (method !== 'feed' && method !== 'catchUp' && method !== 'catchUpKey') return [];
  const entries = [asked].flat() as readonly FedEntry[];
  const results = [answer].flat() as readonly (FedResult | CaughtUpResult)[];
  const fed = entries.filter((_, i) => FED.includes(results[i]!));
  return fed.map(({ webhookId }) => webhookId);
}

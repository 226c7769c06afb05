// The messages between a node and its media process, over the channel that Node makes for a child
// process.

import type { ActionOutcome, ActionParams } from '../contracts/actions.ts';
import { refusal } from '../domain/refusal.ts';
import type {
  BackendReply,
  BackendRequest,
  MediaAction,
  MediaBackend,
} from '../media/media-backend.ts';
import type { Config, MediaConfig } from './config.ts';

/** Of the node. */
export interface MediaStart {
  readonly kind: 'start';
  readonly media: MediaConfig;
  readonly config: Config;
}
export interface MediaAnswer {
  readonly kind: 'answer';
  readonly id: number;
  readonly answer: unknown;
}
export type ToMedia = MediaStart | MediaAnswer | { readonly kind: 'stop' };

/** Of the media process. */
export interface MediaQuestion {
  readonly kind: 'question';
  readonly id: number;
  readonly question:
    | { readonly kind: 'request'; readonly request: BackendRequest }
    | { readonly kind: 'call'; readonly action: MediaAction; readonly params: unknown };
}
/** What it has to do, every few seconds. */
export interface MediaReport {
  /** Uploads that wait for their processing, or are in it. */
  readonly waiting: number;
  /** For how long the oldest of them has waited; 0 for none. */
  readonly oldestMs: number;
}
export type FromMedia =
  | MediaQuestion
  | { readonly kind: 'report'; readonly report: MediaReport }
  | { readonly kind: 'listening'; readonly port: number }
  /** It cannot listen. */
  | { readonly kind: 'failed'; readonly message: string };

const QUESTIONS_MAX = 4_096;
const ANSWER_MAX_MS = 15_000;

const UNAVAILABLE: BackendReply = {
  status: 503,
  headers: [
    ['content-type', 'application/problem+json'],
    ['retry-after', '1'],
  ],
  body: JSON.stringify({
    type: '/docs#unavailable',
    title: 'The service is not available; try again.',
    status: 503,
    code: 'unavailable',
  }),
};

/** Asks the node. Lost questions are answered as `unavailable`. */
export class NodeBackend implements MediaBackend {
  readonly #send: (message: MediaQuestion) => void;
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  #lastId = 0;

  constructor(send: (message: MediaQuestion) => void) {
    this.#send = send;
  }

  take({ id, answer }: MediaAnswer): void {
    this.#waiting.get(id)?.(answer);
  }

  async dispatch(request: BackendRequest): Promise<BackendReply> {
    return (await this.#ask({ kind: 'request', request })) ?? UNAVAILABLE;
  }

  async call<A extends MediaAction>(action: A, params: ActionParams<A>): Promise<ActionOutcome<A>> {
    const answer = await this.#ask<ActionOutcome<A>>({ kind: 'call', action, params });
    return answer ?? refusal('unavailable');
  }

  /** Null where there is no answer in time, or too many questions wait. */
  async #ask<T>(question: MediaQuestion['question']): Promise<T | null> {
    if (this.#waiting.size >= QUESTIONS_MAX) return null;
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const timer = setTimeout(() => resolve(null), ANSWER_MAX_MS);
    this.#waiting.set(id, resolve);
    this.#send({ kind: 'question', id, question });
    try {
      return (await promise) as T | null;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }
}

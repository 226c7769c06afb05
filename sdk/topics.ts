// What a stream is subscribed to: one subscription for each topic, however many watch it, and again
// on each new connection. Few are under way at a time, as the server prepares few at once.

import type { ClientMessage, DropFrame, ErrorFrame } from './api.ts';
import { DropVersions } from './drop-versions.ts';
import { jittered } from './waits.ts';

export type DropHandler = (frame: DropFrame) => void;

/** Why a topic is not watched. */
export interface TopicRefusal {
  readonly topic: string;
  readonly code: ErrorFrame['code'];
  readonly detail: string;
}

interface Watcher {
  readonly onFrame: DropHandler;
  readonly onRefused: ((refusal: TopicRefusal) => void) | undefined;
}

interface Topic {
  readonly watchers: Set<Watcher>;
  readonly versions: DropVersions;
  /** The newest frame, for who comes later. */
  last: DropFrame | null;
}

const UNDER_WAY_MAX = 8;
/** The server asks to try these again. */
const TRANSIENT: readonly ErrorFrame['code'][] = ['overloaded', 'unavailable', 'rate-limited'];
const AGAIN = { firstMs: 2_000, maxMs: 2_000 };
const AGAIN_LEAST_MS = 500;

export class Topics {
  readonly #send: (message: ClientMessage) => void;
  readonly #topics = new Map<string, Topic>();
  /** Not asked for yet on this connection. */
  #waiting: string[] = [];
  readonly #underWay = new Set<string>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #isConnected = false;

  /** `send` is called only between `connected` and `disconnected`. */
  constructor(send: (message: ClientMessage) => void) {
    this.#send = send;
  }

  /** The result ends it. */
  watch(topic: string, watcher: Watcher): () => void {
    let entry = this.#topics.get(topic);
    if (entry === undefined) {
      entry = { watchers: new Set(), versions: new DropVersions(), last: null };
      this.#topics.set(topic, entry);
      this.#request(topic);
    } else if (entry.last !== null && topic.startsWith('drop:')) {
      const { last } = entry;
      queueMicrotask(() => entry!.watchers.has(watcher) && watcher.onFrame(last));
    }
    entry.watchers.add(watcher);
    return () => this.#unwatch(topic, watcher);
  }

  connected(): void {
    this.disconnected();
    this.#isConnected = true;
    this.#waiting = [...this.#topics.keys()];
    this.#requestNext();
  }

  disconnected(): void {
    this.#isConnected = false;
    this.#underWay.clear();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  confirmed(topic: string): void {
    if (this.#underWay.delete(topic)) this.#requestNext();
  }

  /** Frames about anything but a subscription are ignored. */
  refused({ request, topic, code, detail }: ErrorFrame): void {
    if (request !== 'subscribe' || topic === undefined) return;
    this.confirmed(topic);
    const entry = this.#topics.get(topic);
    if (entry === undefined) return;
    if (TRANSIENT.includes(code)) return this.#requestLater(topic);
    this.#topics.delete(topic);
    for (const { onRefused } of entry.watchers) onRefused?.({ topic, code, detail });
  }

  received(frame: DropFrame): void {
    const entry = this.#topics.get(frame.topic);
    if (entry === undefined || !entry.versions.isNewer(frame)) return;
    entry.last = frame;
    for (const { onFrame } of entry.watchers) onFrame(frame);
  }

  #unwatch(topic: string, watcher: Watcher): void {
    const entry = this.#topics.get(topic);
    if (entry?.watchers.delete(watcher) !== true || entry.watchers.size > 0) return;
    this.#topics.delete(topic);
    this.#waiting = this.#waiting.filter((one) => one !== topic);
    if (this.#isConnected) this.#send({ type: 'unsubscribe', topic });
  }

  #request(topic: string): void {
    if (!this.#isConnected) return;
    this.#waiting.push(topic);
    this.#requestNext();
  }

  #requestLater(topic: string): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (this.#topics.has(topic)) this.#request(topic);
    }, AGAIN_LEAST_MS + jittered(1, AGAIN));
    this.#timers.add(timer);
  }

  #requestNext(): void {
    while (this.#underWay.size < UNDER_WAY_MAX) {
      const topic = this.#waiting.shift();
      if (topic === undefined) return;
      this.#underWay.add(topic);
      this.#send({ type: 'subscribe', topic });
    }
  }
}

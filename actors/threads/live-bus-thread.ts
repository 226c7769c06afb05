// The live bus of a gateway thread. The main thread subscribes for it, once for each topic, and
// sends what it hears from elsewhere. Listeners in the same thread hear a message directly.

import {
  InProcessLiveBus,
  type LiveBus,
  type LiveListener,
  type LiveMessage,
} from '../live-bus.ts';
import { decodeLiveText, encodeLiveText } from '../live-frame.ts';
import type { FromThreadLive, LiveTexts } from './live-relay.ts';

export interface ThreadLiveBusOptions {
  readonly tell: (told: FromThreadLive) => void;
  /** As `LiveBus.settled`, of the main thread's bus. */
  readonly settled: () => Promise<void>;
  /** How many messages were heard, for the main thread: `LiveRelay`. */
  readonly heard: Int32Array;
}

export class ThreadLiveBus implements LiveBus {
  readonly #options: ThreadLiveBusOptions;
  readonly #local = new InProcessLiveBus();
  /** Subscriptions by topic. */
  readonly #counts = new Map<string, number>();
  readonly #gapListeners = new Set<() => void>();

  constructor(options: ThreadLiveBusOptions) {
    this.#options = options;
  }

  publish(topic: string, message: LiveMessage): void {
    this.#local.publish(topic, message);
    this.#options.tell({ live: 'publish', topic, text: encodeLiveText(message) });
  }

  subscribe(topic: string, listener: LiveListener): () => void {
    const { tell } = this.#options;
    const unsubscribe = this.#local.subscribe(topic, listener);
    const count = this.#counts.get(topic) ?? 0;
    this.#counts.set(topic, count + 1);
    if (count === 0) tell({ live: 'subscribe', topic });
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      unsubscribe();
      const left = this.#counts.get(topic)! - 1;
      if (left > 0) return void this.#counts.set(topic, left);
      this.#counts.delete(topic);
      tell({ live: 'unsubscribe', topic });
    };
  }

  hasListeners(): boolean {
    return true;
  }

  /** The main thread is there, or this one ends. */
  async settled(): Promise<void> {
    await this.#options.settled().catch(() => undefined);
  }

  onGap(listener: () => void): () => void {
    this.#gapListeners.add(listener);
    return () => void this.#gapListeners.delete(listener);
  }

  /** What the main thread heard. */
  hear(texts: LiveTexts): void {
    for (let at = 0; at < texts.length; at += 2)
      this.#local.publish(texts[at]!, decodeLiveText(texts[at + 1]!));
    Atomics.add(this.#options.heard, 0, texts.length / 2);
  }

  /** Messages may have been lost. */
  gap(): void {
    for (const listener of this.#gapListeners) listener();
  }
}

// The main thread's side of a gateway thread's live bus: hears the topics that the thread listens
// to, and sends what is published in one go of the event loop as one list of texts. A thread that
// does not keep up loses messages and gets a gap, as a node does that NATS cannot reach fast
// enough.

import type { Clock, Timer } from '../clock.ts';
import type { LiveBus, LiveMessage } from '../live-bus.ts';
import { decodeLiveText, encodeLiveText } from '../live-frame.ts';

/** Messages sent and not heard; further ones are dropped. */
const UNHEARD_MAX = 20_000;
/** After dropped messages, until it is looked whether the thread has heard the others. */
const GAP_DELAY_MS = 100;

/** Topics and messages (`encodeLiveText`) in turn. */
export type LiveTexts = readonly string[];

/** What a thread's bus tells. */
export type FromThreadLive =
  | { readonly live: 'subscribe' | 'unsubscribe'; readonly topic: string }
  | { readonly live: 'publish'; readonly topic: string; readonly text: string };

/** Encodes a message once, whatever the number of threads that hear it one after the other. */
export class LiveTextOnce {
  #message: LiveMessage | null = null;
  #text = '';

  of(message: LiveMessage): string {
    if (message !== this.#message) {
      this.#text = encodeLiveText(message);
      this.#message = message;
    }
    return this.#text;
  }
}

export interface LiveRelayOptions {
  readonly bus: LiveBus;
  readonly texts: LiveTextOnce;
  readonly send: (texts: LiveTexts) => void;
  readonly sendGap: () => void;
  /** The thread counts there what it has heard. */
  readonly heard: Int32Array;
  readonly clock: Clock;
}

export class LiveRelay {
  readonly #options: LiveRelayOptions;
  readonly #subscriptions = new Map<string, () => void>();
  readonly #unsubscribeGaps: () => void;
  #texts: string[] = [];
  #sent = 0;
  /** A message of the thread itself is being published. */
  #isOwn = false;
  #gapTimer: Timer | null = null;

  constructor(options: LiveRelayOptions) {
    this.#options = options;
    this.#unsubscribeGaps = options.bus.onGap(() => {
      this.flush();
      options.sendGap();
    });
  }

  take(told: FromThreadLive): void {
    const { bus } = this.#options;
    const { topic } = told;
    if (told.live === 'publish') {
      this.#isOwn = true;
      bus.publish(topic, decodeLiveText(told.text));
      this.#isOwn = false;
    } else if (told.live === 'subscribe')
      this.#subscriptions.set(
        topic,
        bus.subscribe(topic, (message) => this.#add(topic, message)),
      );
    else {
      this.#subscriptions.get(topic)?.();
      this.#subscriptions.delete(topic);
    }
  }

  /** Sends what was heard so far. */
  flush(): void {
    if (this.#texts.length === 0) return;
    const texts = this.#texts;
    this.#texts = [];
    this.#options.send(texts);
  }

  stop(): void {
    this.#unsubscribeGaps();
    this.#gapTimer?.cancel();
    for (const unsubscribe of this.#subscriptions.values()) unsubscribe();
  }

  #add(topic: string, message: LiveMessage): void {
    if (this.#isOwn) return;
    if (this.#gapTimer !== null || this.#unheard() >= UNHEARD_MAX) return this.#gapLater();
    this.#sent = (this.#sent + 1) | 0;
    this.#texts.push(topic, this.#options.texts.of(message));
    if (this.#texts.length === 2) queueMicrotask(() => this.flush());
  }

  #unheard(): number {
    return (this.#sent - Atomics.load(this.#options.heard, 0)) | 0;
  }

  #gapLater(): void {
    this.#gapTimer ??= this.#options.clock.after(GAP_DELAY_MS, () => {
      this.#gapTimer = null;
      if (this.#unheard() >= UNHEARD_MAX / 2) this.#gapLater();
      else this.#options.sendGap();
    });
  }
}

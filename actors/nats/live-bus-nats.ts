// The live bus of a cluster: NATS subjects. A node's own listeners hear its messages directly; to
// others each is encoded once and published once, and NATS carries it only where somebody listens.
//
// It is best effort and holds nothing back: while NATS is away, or behind by more than a bound,
// messages for other nodes are dropped and counted. Afterwards whoever may have missed some is told
// of a gap: this node's listeners, which heard nothing, and those of all others, which missed what
// was dropped here.

import type { NatsConnection, Subscription } from 'nats';
import type { Logger } from 'pino';
import {
  InProcessLiveBus,
  type LiveBus,
  type LiveListener,
  type LiveMessage,
} from '../live-bus.ts';
import { reconnectDelayMs } from '../nats-options.ts';
import { after, endOf, openConnection } from './connection.ts';
import { decodeLiveMessage, encodeLiveMessage } from './live-frame.ts';
import { GAP_SUBJECT, subjectOf } from './subjects.ts';

/** Bytes published that NATS has not confirmed to have read; past it messages are dropped. */
const UNCONFIRMED_BYTES_MAX = 8 * 1024 * 1024;
/** A confirmation is asked for each time so many bytes were published since the last one. */
const CONFIRM_BYTES = 256 * 1024;
/** Nodes find back to NATS one by one: their gaps within this time are told as one. */
const GAP_DELAY_MS = 300;
/** How long `stop` waits for what was published last. */
const STOP_FLUSH_MS = 1_000;

const NOTHING = new Uint8Array(0);

export interface NatsLiveBusOptions {
  /** As `natsOptions` takes it. */
  readonly url: string;
  /** Of the connection: the node id will do. */
  readonly name: string;
  readonly log: Logger;
}

interface Topic {
  readonly subject: string;
  /** Null while NATS is away. */
  subscription: Subscription | null;
  listeners: number;
}

export class NatsLiveBus implements LiveBus {
  readonly #options: NatsLiveBusOptions;
  readonly #local = new InProcessLiveBus();
  readonly #topics = new Map<string, Topic>();
  readonly #gapListeners = new Set<() => void>();
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  #connection: NatsConnection;
  #connected = true;
  #unconfirmedBytes = 0;
  #bytesSinceConfirmation = 0;
  /** Messages were dropped that the other nodes have not been told of. */
  #owesGap = false;
  #droppedFrames = 0;
  readonly #unconfirmed = new Set<() => void>();
  #settling: Promise<void> | null = null;
  #gapTimer: NodeJS.Timeout | null = null;

  private constructor(options: NatsLiveBusOptions, connection: NatsConnection) {
    this.#options = options;
    this.#connection = connection;
    this.#listenForGaps();
    this.#ended = this.#keepConnected();
  }

  /** Rejects when NATS cannot be reached now; once connected, the bus comes back by itself. */
  static async connect(options: NatsLiveBusOptions): Promise<NatsLiveBus> {
    return new NatsLiveBus(options, await openConnection(options));
  }

  /** Messages that listeners on other nodes did not get, since the start. */
  get droppedFrames(): number {
    return this.#droppedFrames;
  }

  /** Whether other nodes can be reached just now. */
  get connected(): boolean {
    return this.#isConnected;
  }

  /** What was published is handed to NATS, where it is there. Harmless when repeated. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return this.#ended;
    if (this.#isConnected) await Promise.race([this.#confirmed(), after(STOP_FLUSH_MS)]);
    this.#stopping.abort();
    this.#connected = false;
    if (this.#gapTimer !== null) clearTimeout(this.#gapTimer);
    await this.#connection.close();
    await this.#ended;
  }

  /**
   * On the order path: 5 µs of CPU for a drop's view or a notification, 64 in a turn of the event
   * loop, with nobody listening (`bench/live-bus.ts`, 2 busy cores).
   */
  publish(topic: string, message: LiveMessage): void {
    this.#local.publish(topic, message);
    if (!this.#isConnected || this.#unconfirmedBytes > UNCONFIRMED_BYTES_MAX) return this.#drop();
    const bytes = encodeLiveMessage(message);
    if (bytes.length > this.#connection.info!.max_payload) {
      this.#options.log.error({ topic, bytes: bytes.length }, 'a live message is too large');
      return this.#drop();
    }
    this.#connection.publish(subjectOf(topic), bytes);
    this.#unconfirmedBytes += bytes.length;
    this.#bytesSinceConfirmation += bytes.length;
    if (this.#bytesSinceConfirmation > CONFIRM_BYTES) this.#askConfirmation();
  }

  subscribe(topic: string, listener: LiveListener): () => void {
    const unsubscribe = this.#local.subscribe(topic, listener);
    let known = this.#topics.get(topic);
    if (known === undefined) {
      const subject = subjectOf(topic);
      known = { subject, subscription: this.#listen(topic, subject), listeners: 0 };
      this.#topics.set(topic, known);
    }
    known.listeners++;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      unsubscribe();
      known.listeners--;
      if (known.listeners > 0) return;
      this.#topics.delete(topic);
      known.subscription?.unsubscribe();
    };
  }

  hasListeners(): boolean {
    return true;
  }

  settled(): Promise<void> {
    if (!this.#isConnected) return Promise.resolve();
    // All who ask in one turn of the event loop share one round trip.
    this.#settling ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#settling = null;
        void this.#confirmed().then(() => resolve());
      });
    });
    return this.#settling;
  }

  onGap(listener: () => void): () => void {
    this.#gapListeners.add(listener);
    return () => this.#gapListeners.delete(listener);
  }

  /** Resolves to true when NATS has read all so far, to false when the connection ends first. */
  #confirmed(): Promise<boolean> {
    const flushed = this.#connection.flush();
    return new Promise((resolve) => {
      const end = (confirmed: boolean): void => {
        this.#unconfirmed.delete(lost);
        resolve(confirmed);
      };
      const lost = (): void => end(false);
      // The client leaves those who wait for a connection that has ended waiting for good.
      this.#unconfirmed.add(lost);
      flushed.then(() => end(true), lost);
    });
  }

  #askConfirmation(): void {
    const bytes = this.#bytesSinceConfirmation;
    const connection = this.#connection;
    this.#bytesSinceConfirmation = 0;
    void this.#confirmed().then((confirmed) => {
      if (!confirmed || connection !== this.#connection) return;
      this.#unconfirmedBytes -= bytes;
      if (this.#owesGap && this.#isConnected) this.#tellOthers();
    });
  }

  #drop(): void {
    this.#droppedFrames++;
    this.#owesGap = true;
  }

  /** The client closes a moment before `#keepConnected` hears of it, and throws from then on. */
  get #isConnected(): boolean {
    return this.#connected && !this.#connection.isClosed();
  }

  /** Null while NATS is away: then every topic is listened to when it is back. */
  #listen(topic: string, subject: string): Subscription | null {
    if (!this.#isConnected) return null;
    return this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) this.#receive(topic, message.data);
        else this.#options.log.error({ err: error, topic }, 'a live topic cannot be heard');
      },
    });
  }

  #listenForGaps(): void {
    this.#connection.subscribe(GAP_SUBJECT, { callback: () => this.#tellSoon() });
  }

  /** A defect in a listener must not end the connection that called it. */
  #receive(topic: string, bytes: Uint8Array): void {
    try {
      this.#local.publish(topic, decodeLiveMessage(bytes));
    } catch (error) {
      this.#options.log.error({ err: error, topic }, 'a live message could not be handled');
    }
  }

  async #keepConnected(): Promise<void> {
    const { log } = this.#options;
    for (;;) {
      const error = await endOf(this.#connection);
      for (const lost of this.#unconfirmed) lost();
      if (this.#stopping.signal.aborted) return;
      this.#connected = false;
      const droppedBefore = this.#droppedFrames;
      log.warn({ err: error }, 'the live bus has lost NATS');
      const connection = await this.#reconnect();
      if (connection === null) return;
      this.#take(connection);
      log.info({ dropped: this.#droppedFrames - droppedBefore }, 'the live bus is back');
    }
  }

  /** Null when the bus was stopped first. */
  async #reconnect(): Promise<NatsConnection | null> {
    const { signal } = this.#stopping;
    for (;;) {
      await after(reconnectDelayMs(), signal);
      if (signal.aborted) return null;
      try {
        const connection = await openConnection(this.#options);
        if (!signal.aborted) return connection;
        await connection.close();
        return null;
      } catch (error) {
        this.#options.log.debug({ err: error }, 'NATS is still away');
      }
    }
  }

  #take(connection: NatsConnection): void {
    this.#connection = connection;
    this.#unconfirmedBytes = 0;
    this.#bytesSinceConfirmation = 0;
    this.#connected = true;
    // It may have closed again already: then this is done anew after the next reconnection.
    if (connection.isClosed()) return;
    this.#listenForGaps();
    for (const [topic, known] of this.#topics) {
      known.subscription = this.#listen(topic, known.subject);
    }
    // What was under way when the connection ended may be lost as well.
    this.#tellOthers();
    // What listeners read must not be older than their subscriptions.
    void this.#confirmed().then(() => this.#tellSoon());
  }

  #tellOthers(): void {
    this.#owesGap = false;
    this.#connection.publish(GAP_SUBJECT, NOTHING);
  }

  #tellSoon(): void {
    if (this.#stopping.signal.aborted || this.#gapTimer !== null) return;
    this.#gapTimer = setTimeout(() => {
      this.#gapTimer = null;
      for (const listener of this.#gapListeners) listener();
    }, GAP_DELAY_MS);
  }
}

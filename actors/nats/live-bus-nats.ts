// The live bus of a cluster: NATS subjects. A node's own listeners hear its messages directly; to
// others each is encoded once and published once, and NATS carries it only where somebody listens;
// messages to users go many in a frame (`user-frames.ts`).
//
// It is best effort and holds nothing back: while NATS is away, or behind by more than a bound,
// messages for other nodes are dropped and counted. Afterwards whoever may have missed some is told
// of a gap: this node's listeners, which heard nothing, and those of all others, which missed what
// was dropped here.

import type { NatsConnection } from 'nats';
import type { Logger } from 'pino';
import {
  InProcessLiveBus,
  type LiveBus,
  type LiveListener,
  type LiveMessage,
} from '../live-bus.ts';
import { reconnectDelayMs } from '../cluster/nats-options.ts';
import { after, endOf, openConnection } from './connection.ts';
import { HeardSubjects } from './heard-subjects.ts';
import { encodeLiveMessage, encodeLiveText } from './live-frame.ts';
import { GAP_SUBJECT, subjectOf } from './subjects.ts';
import { isUserTopic, UserFrames, userLineOf } from './user-frames.ts';

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

export class NatsLiveBus implements LiveBus {
  readonly #options: NatsLiveBusOptions;
  readonly #local = new InProcessLiveBus();
  readonly #heard: HeardSubjects;
  readonly #userFrames = new UserFrames({
    send: (subject, text, messages) => this.#sendUserFrame(subject, text, messages),
  });
  #userFramesPlanned = false;
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
    this.#heard = new HeardSubjects({
      connection: () => (this.#isConnected ? this.#connection : null),
      receive: (topic, message) => this.#local.publish(topic, message),
      log: options.log,
    });
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
   * On the order path, a drop's view once for each entry, and a notification for each order: 5 and
   * 4 µs of CPU, 64 in a turn of the event loop, with nobody listening (`bench/live-bus.ts`).
   */
  publish(topic: string, message: LiveMessage): void {
    this.#local.publish(topic, message);
    if (!this.#mayPublish) return this.#drop(1);
    if (isUserTopic(topic)) return this.#publishToUser(topic, message);
    const bytes = encodeLiveMessage(message);
    if (this.#fits(topic, bytes.length)) this.#send(subjectOf(topic), bytes);
  }

  #publishToUser(topic: string, message: LiveMessage): void {
    const text = encodeLiveText(message);
    const line = userLineOf(topic);
    if (!this.#fits(topic, Buffer.byteLength(text) + line.length + 1)) return;
    this.#userFrames.add(line, text);
    if (this.#userFramesPlanned) return;
    this.#userFramesPlanned = true;
    queueMicrotask(() => this.#sendUserFrames());
  }

  #sendUserFrames(): void {
    this.#userFramesPlanned = false;
    this.#userFrames.sendAll();
  }

  #sendUserFrame(subject: string, text: string, messages: number): void {
    if (this.#mayPublish) this.#send(subject, Buffer.from(text));
    else this.#drop(messages);
  }

  get #mayPublish(): boolean {
    return this.#isConnected && this.#unconfirmedBytes <= UNCONFIRMED_BYTES_MAX;
  }

  #fits(topic: string, bytes: number): boolean {
    if (bytes <= this.#connection.info!.max_payload) return true;
    this.#options.log.error({ topic, bytes }, 'a live message is too large');
    this.#drop(1);
    return false;
  }

  #send(subject: string, bytes: Uint8Array): void {
    this.#connection.publish(subject, bytes);
    this.#unconfirmedBytes += bytes.length;
    this.#bytesSinceConfirmation += bytes.length;
    if (this.#bytesSinceConfirmation > CONFIRM_BYTES) this.#askConfirmation();
  }

  subscribe(topic: string, listener: LiveListener): () => void {
    const unsubscribe = this.#local.subscribe(topic, listener);
    const unhear = this.#heard.add(topic);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      unsubscribe();
      unhear();
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
    this.#sendUserFrames();
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

  #drop(messages: number): void {
    this.#droppedFrames += messages;
    this.#owesGap = true;
  }

  /** The client closes a moment before `#keepConnected` hears of it, and throws from then on. */
  get #isConnected(): boolean {
    return this.#connected && !this.#connection.isClosed();
  }

  #listenForGaps(): void {
    this.#connection.subscribe(GAP_SUBJECT, { callback: () => this.#tellSoon() });
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
    this.#heard.listenAnew();
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

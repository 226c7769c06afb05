// The live bus of a cluster, on NATS subjects. A node's own listeners receive its messages
// directly. For other nodes the bus encodes and publishes each message once, and NATS carries it
// only to nodes with a subscription. Messages to users travel many in one frame (`user-frames.ts`).
//
// The bus is best effort and buffers nothing for later. While NATS is away, or behind by more than
// a bound, the bus drops and counts messages for other nodes. Afterwards it reports a gap: to this
// node's listeners, which received nothing from other nodes, and to the listeners of all other
// nodes, which missed the messages dropped here.

import type { NatsConnection } from 'nats';
import type { Logger } from 'pino';
import {
  InProcessLiveBus,
  type LiveBus,
  type LiveListener,
  type LiveMessage,
} from '../live-bus.ts';
import { reconnectDelayMs } from '../cluster/nats-options.ts';
import { parseNatsServers } from '../cluster/nats-servers.ts';
import {
  type ConnectionOptions,
  delay,
  endOf,
  openConnection,
  openUnlessAborted,
} from './connection.ts';
import { SubjectSubscriptions } from './subject-subscriptions.ts';
import { encodeLiveMessage, encodeLiveText } from '../live-frame.ts';
import { GAP_SUBJECT, subjectOf } from './subjects.ts';
import { isUserTopic, UserFrames, userLineOf } from './user-frames.ts';

/** Bytes published that NATS has not confirmed yet; past it messages are dropped. */
const UNCONFIRMED_BYTES_MAX = 8 * 1024 * 1024;
/** The bus requests a confirmation after this many bytes. */
const CONFIRM_BYTES = 256 * 1024;
/** Nodes reconnect to NATS one by one: their gaps within this time are reported as one. */
const GAP_DELAY_MS = 300;
/** How long `stop` waits until NATS confirms the last messages. */
const STOP_FLUSH_MS = 1_000;

const NO_BYTES = new Uint8Array(0);

export interface NatsLiveBusOptions extends ConnectionOptions {
  readonly log: Logger;
}

export class NatsLiveBus implements LiveBus {
  readonly #options: NatsLiveBusOptions;
  readonly #local = new InProcessLiveBus();
  readonly #subscriptions: SubjectSubscriptions;
  readonly #userFrames = new UserFrames({
    send: (subject, text, messages) => this.#sendUserFrame(subject, text, messages),
  });
  #userFramesScheduled = false;
  readonly #gapListeners = new Set<() => void>();
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  #connection: NatsConnection;
  #connected = true;
  #unconfirmedBytes = 0;
  #bytesSinceConfirmation = 0;
  /** Messages were dropped, and no gap was published for them yet. */
  #gapPending = false;
  #droppedFrames = 0;
  readonly #unconfirmed = new Set<() => void>();
  #settling: Promise<void> | null = null;
  #gapTimer: NodeJS.Timeout | null = null;

  private constructor(options: NatsLiveBusOptions, connection: NatsConnection) {
    this.#options = options;
    this.#connection = connection;
    this.#subscriptions = new SubjectSubscriptions({
      connection: () => (this.#isConnected ? this.#connection : null),
      receive: (topic, message) => this.#local.publish(topic, message),
      log: options.log,
    });
    this.#listenForGaps();
    this.#ended = this.#maintainConnection();
  }

  /**
   * Rejects, with the addresses of the servers, if none can be reached now. Once connected, the bus
   * reconnects by itself.
   */
  static async connect(options: NatsLiveBusOptions): Promise<NatsLiveBus> {
    try {
      return new NatsLiveBus(options, await openConnection(options));
    } catch (error) {
      const hosts = parseNatsServers(options.url)?.hosts.join(', ');
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`NATS at ${hosts} cannot be used: ${reason}`, { cause: error });
    }
  }

  /** Messages that listeners on other nodes did not get, since the start. */
  get droppedFrames(): number {
    return this.#droppedFrames;
  }

  /** Whether this node can reach other nodes now. */
  get connected(): boolean {
    return this.#isConnected;
  }

  /** Flushes the published messages to NATS if it is connected. May be called again. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return this.#ended;
    if (this.#isConnected) await Promise.race([this.#confirmed(), delay(STOP_FLUSH_MS)]);
    this.#stopping.abort();
    this.#connected = false;
    if (this.#gapTimer !== null) clearTimeout(this.#gapTimer);
    await this.#connection.close();
    await this.#ended;
  }

  /**
   * On the order path: one drop view for each entry, one notification for each order. They cost 5
   * and 4 µs of CPU, measured with 64 in a turn of the event loop and no listener
   * (`bench/probes/live-bus.ts`).
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
    if (this.#userFramesScheduled) return;
    this.#userFramesScheduled = true;
    queueMicrotask(() => this.#sendUserFrames());
  }

  #sendUserFrames(): void {
    this.#userFramesScheduled = false;
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
    if (this.#bytesSinceConfirmation > CONFIRM_BYTES) this.#requestConfirmation();
  }

  subscribe(topic: string, listener: LiveListener): () => void {
    const unsubscribe = this.#local.subscribe(topic, listener);
    const unsubscribeFromNats = this.#subscriptions.add(topic);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      unsubscribe();
      unsubscribeFromNats();
    };
  }

  hasListeners(): boolean {
    return true;
  }

  settled(): Promise<void> {
    if (!this.#isConnected) return Promise.resolve();
    // All calls in one turn of the event loop share one round trip.
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

  /** True when NATS has read all messages so far; false when the connection ends first. */
  #confirmed(): Promise<boolean> {
    this.#sendUserFrames();
    const flushed = this.#connection.flush();
    return new Promise((resolve) => {
      const end = (confirmed: boolean): void => {
        this.#unconfirmed.delete(lost);
        resolve(confirmed);
      };
      const lost = (): void => end(false);
      // The client never settles a flush of a connection that has ended.
      this.#unconfirmed.add(lost);
      flushed.then(() => end(true), lost);
    });
  }

  #requestConfirmation(): void {
    const bytes = this.#bytesSinceConfirmation;
    const connection = this.#connection;
    this.#bytesSinceConfirmation = 0;
    void this.#confirmed().then((confirmed) => {
      if (!confirmed || connection !== this.#connection) return;
      this.#unconfirmedBytes -= bytes;
      if (this.#gapPending && this.#isConnected) this.#publishGap();
    });
  }

  #drop(messages: number): void {
    this.#droppedFrames += messages;
    this.#gapPending = true;
  }

  /**
   * The client closes a moment before `#maintainConnection` notices, and from then on throws on
   * each publish.
   */
  get #isConnected(): boolean {
    return this.#connected && !this.#connection.isClosed();
  }

  #listenForGaps(): void {
    this.#connection.subscribe(GAP_SUBJECT, { callback: () => this.#notifyGapSoon() });
  }

  async #maintainConnection(): Promise<void> {
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
      this.#useConnection(connection);
      log.info({ dropped: this.#droppedFrames - droppedBefore }, 'the live bus is back');
    }
  }

  /** Null if the bus is stopped first. */
  async #reconnect(): Promise<NatsConnection | null> {
    const { signal } = this.#stopping;
    for (;;) {
      await delay(reconnectDelayMs(), signal);
      if (signal.aborted) return null;
      try {
        return await openUnlessAborted(this.#options, signal);
      } catch (error) {
        this.#options.log.debug({ err: error }, 'NATS is still away');
      }
    }
  }

  #useConnection(connection: NatsConnection): void {
    this.#connection = connection;
    this.#unconfirmedBytes = 0;
    this.#bytesSinceConfirmation = 0;
    this.#connected = true;
    // The connection may have closed already: then the next reconnection does the rest.
    if (connection.isClosed()) return;
    this.#listenForGaps();
    this.#subscriptions.resubscribe();
    // Messages that were in flight when the connection ended may be lost as well.
    this.#publishGap();
    // Listeners must read the state only after NATS has their subscriptions.
    void this.#confirmed().then(() => this.#notifyGapSoon());
  }

  #publishGap(): void {
    this.#gapPending = false;
    this.#connection.publish(GAP_SUBJECT, NO_BYTES);
  }

  #notifyGapSoon(): void {
    if (this.#stopping.signal.aborted || this.#gapTimer !== null) return;
    this.#gapTimer = setTimeout(() => {
      this.#gapTimer = null;
      for (const listener of this.#gapListeners) listener();
    }, GAP_DELAY_MS);
  }
}

// A client's GraphQL over WebSocket, by the protocol graphql-transport-ws
// (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md): any number of operations on
// one connection, each under an id that the client chooses. Why the connection ends, when it is
// slow and what it may send is as on the live stream (`gateway/live/hub-connection.ts`).

import type { GraphQLFormattedError } from 'graphql';
import { CloseCode as ProtocolCode, MessageType, parseMessage } from 'graphql-ws';
import {
  GRAPHQL_INIT_WAIT_MS,
  GRAPHQL_MESSAGE_BYTES_MAX,
  GRAPHQL_OPERATION_ID_LENGTH_MAX,
  GRAPHQL_OPERATIONS_PER_CONNECTION_MAX,
} from '../../../contracts/bounds.ts';
import type { Timer } from '../../../actors/clock.ts';
import type { TokenIdentity } from '../../../contracts/accounts.ts';
import { CLOSE_CODES } from '../../../contracts/live.ts';
import { bearerToken } from '../../http/auth.ts';
import { PROBLEMS, problemOfFault } from '../../http/problems.ts';
import type { LivePeer } from '../../http/socket.ts';
import { type ConnectionOptions, HubConnection } from '../../live/hub-connection.ts';
import type { AskedOperation, GraphQLClient, Operation } from './graphql-client.ts';
import type { GraphQLLive } from './graphql-live.ts';

/** Reasons of the protocol, each short enough for a close frame. */
const CLOSES = {
  badMessage: { code: ProtocolCode.BadRequest, reason: 'no message of graphql-transport-ws' },
  unauthorized: { code: ProtocolCode.Unauthorized, reason: 'Unauthorized' },
  lateInit: {
    code: ProtocolCode.ConnectionInitialisationTimeout,
    reason: 'Connection initialisation timeout',
  },
  secondInit: {
    code: ProtocolCode.TooManyInitialisationRequests,
    reason: 'Too many initialisation requests',
  },
  tooManyStreams: {
    code: CLOSE_CODES.tryAgainLater.code,
    reason: 'too many live streams of this user',
  },
  sameId: { code: ProtocolCode.SubscriberAlreadyExists, reason: 'Subscriber already exists' },
} as const;

interface Place extends AskedOperation {
  /** Null while it is being prepared. */
  operation: Operation | null;
}

export interface GraphQLConnectionOptions extends ConnectionOptions {
  readonly live: GraphQLLive;
  readonly peer: LivePeer;
}

export class GraphQLConnection extends HubConnection implements GraphQLClient {
  readonly address: string;
  readonly addressKey: string;
  readonly #live: GraphQLLive;
  readonly #peer: LivePeer;
  /** Of the request that was upgraded, where it had a token; then of who signed in. */
  #identity: TokenIdentity | null;
  #token: string;
  #isInitialised = false;
  #initTimer: Timer | null;
  /** By id. */
  readonly #operations = new Map<string, Place>();

  constructor(options: GraphQLConnectionOptions) {
    super(options);
    this.#live = options.live;
    const { peer } = options;
    this.#peer = peer;
    this.#identity = peer.identity;
    this.#token = peer.token;
    this.address = peer.address;
    this.addressKey = peer.addressKey;
    this.#initTimer = this.context.clock.after(GRAPHQL_INIT_WAIT_MS, () =>
      this.close(CLOSES.lateInit),
    );
    if (this.#identity !== null) this.#remember(this.#identity);
  }

  /** Sessions have ended, perhaps this one. */
  sessionsEnded(): void {
    const identity = this.#identity;
    if (identity !== null && this.context.ended.refuses(identity)) this.sessionEnded();
  }

  // `GraphQLClient`

  get identity(): TokenIdentity | null {
    return this.#identity;
  }

  readonly header = (name: string): string =>
    name === 'authorization' && this.#token !== '' ? `Bearer ${this.#token}` : '';

  bufferedBytes(): number {
    return this.socket.bufferedBytes();
  }

  next(begin: string, payload: string): boolean {
    if (this.isClosed) return true;
    return this.sendSnapshot(`${begin}${payload}}`);
  }

  nextOrClose(begin: string, payload: string): boolean {
    return this.reply(`${begin}${payload}}`);
  }

  has(asked: AskedOperation): boolean {
    return this.#operations.get(asked.id) === asked;
  }

  completed(asked: AskedOperation): void {
    if (this.#leaves(asked)) this.#say({ id: asked.id, type: MessageType.Complete });
  }

  failed(asked: AskedOperation, errors: readonly GraphQLFormattedError[]): void {
    if (this.#leaves(asked)) this.#say({ id: asked.id, type: MessageType.Error, payload: errors });
  }

  #leaves(asked: AskedOperation): boolean {
    return this.has(asked) && this.#operations.delete(asked.id);
  }

  sessionEnded(): void {
    this.close(CLOSE_CODES.sessionEnded);
  }

  tryAgainLater(): void {
    this.close(CLOSE_CODES.tryAgainLater);
  }

  // `HubConnection`

  protected override get messageBytesMax(): number {
    return GRAPHQL_MESSAGE_BYTES_MAX;
  }

  protected override take(text: string): void {
    let message;
    try {
      message = parseMessage(text);
    } catch {
      return this.close(CLOSES.badMessage);
    }
    switch (message.type) {
      case MessageType.ConnectionInit:
        return this.#initialise(message.payload);
      case MessageType.Ping:
        return this.#say({ type: MessageType.Pong, payload: message.payload ?? undefined });
      case MessageType.Pong:
        return;
      case MessageType.Subscribe:
        return this.#subscribe(message.id, message.payload);
      case MessageType.Complete:
        this.#operations.get(message.id)?.operation?.stop();
        this.#operations.delete(message.id);
        return;
      default:
        return this.close(CLOSES.badMessage);
    }
  }

  /** The protocol has no message for it. */
  protected override refuseRate(): void {
    this.close(CLOSE_CODES.tooManyMessages);
  }

  /** A replay of notifications waits for room, although no frame was missed. */
  override drained(): void {
    super.drained();
    for (const { operation } of this.#operations.values()) operation?.drained();
  }

  /** Each operation knows itself what it has missed. */
  protected override catchUp(): boolean {
    return true;
  }

  protected override detach(): void {
    this.#initTimer?.cancel();
    if (this.#identity !== null) this.#forget(this.#identity);
    for (const { operation } of this.#operations.values()) operation?.stop();
    this.#operations.clear();
  }

  /** The payload may have `authorization`, as the header of a request: a browser can set none. */
  #initialise(payload: Readonly<Record<string, unknown>> | null | undefined): void {
    if (this.#initTimer === null) return this.close(CLOSES.secondInit);
    this.#initTimer.cancel();
    this.#initTimer = null;
    const given = payload?.['authorization'] ?? payload?.['Authorization'];
    if (given !== undefined && !this.#signIn(given)) return;
    this.#isInitialised = true;
    this.#say({
      type: MessageType.ConnectionAck,
      payload: { serverTime: this.context.clock.now(), userId: this.#identity?.userId ?? null },
    });
  }

  #signIn(given: unknown): boolean {
    const token = typeof given === 'string' ? bearerToken(given) : '';
    const { clock, limits, verifyToken, ended } = this.context;
    const identity = verifyToken(token, clock.now());
    if (identity === 'expired') this.close(CLOSE_CODES.tokenExpired);
    else if (identity === 'undecided') this.close(CLOSE_CODES.tryAgainLater);
    else if (identity === 'invalid') {
      limits.check('bad-tokens', this.addressKey, null, clock.monotonic());
      this.close(CLOSES.unauthorized);
    } else if (ended.refuses(identity)) this.close(CLOSE_CODES.sessionEnded);
    else if (!this.#peer.countFor(identity.userId)) this.close(CLOSES.tooManyStreams);
    else {
      if (this.#identity !== null) this.#forget(this.#identity);
      this.#identity = identity;
      this.#token = token;
      this.#remember(identity);
      return true;
    }
    return false;
  }

  #subscribe(id: string, payload: object): void {
    if (!this.#isInitialised) return this.close(CLOSES.unauthorized);
    if (this.#operations.has(id)) return this.close(CLOSES.sameId);
    if (id.length > GRAPHQL_OPERATION_ID_LENGTH_MAX) return this.close(CLOSES.badMessage);
    const isFull = this.#operations.size >= GRAPHQL_OPERATIONS_PER_CONNECTION_MAX;
    const place: Place = { id, operation: null };
    this.#operations.set(id, place);
    if (isFull) {
      const max = GRAPHQL_OPERATIONS_PER_CONNECTION_MAX;
      const message = `At most ${max} operations on one connection.`;
      return this.failed(place, [{ message, extensions: { code: 'overloaded' } }]);
    }
    this.#begin(place, payload).catch((error: unknown) => {
      this.context.log.error({ err: error }, 'an operation of GraphQL met a defect');
      const { code } = problemOfFault(error);
      this.failed(place, [{ message: PROBLEMS[code].title, extensions: { code } }]);
    });
  }

  async #begin(place: Place, payload: object): Promise<void> {
    const operation = await this.#live.begin(this, place, payload);
    if (operation === null) return;
    // The client may have ended it meanwhile, or be gone.
    if (this.has(place)) place.operation = operation;
    else operation.stop();
  }

  #remember(identity: TokenIdentity): void {
    this.context.addExpiry(this, identity.expiresAt);
    this.#live.signedIn(this, identity.userId);
  }

  #forget(identity: TokenIdentity): void {
    this.context.removeExpiry(this, identity.expiresAt);
    this.#live.signedOut(this, identity.userId);
  }

  #say(message: object): void {
    this.reply(JSON.stringify(message));
  }
}

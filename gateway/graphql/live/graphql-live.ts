// GraphQL over WebSocket, on the hub of the live stream: begins the operations of its connections,
// with the checks and limits of GraphQL over HTTP. Subscriptions to the same source with the same
// document and variables are one (`shared-stream.ts`).

import { hash } from 'node:crypto';
import { GraphQLError } from 'graphql';
import {
  GRAPHQL_SHAPES_PER_ADDRESS_MAX,
  GRAPHQL_SHAPES_PER_SOURCE_MAX,
} from '../../../contracts/bounds.ts';
import type { Flight } from '../../http/flight.ts';
import type { LiveConnection, LiveHandler, LivePeer, LiveSocket } from '../../http/socket.ts';
import type { LiveContext } from '../../live/live-context.ts';
import { type ClientRequest, Context, errorOf } from '../context.ts';
import { type Parameters, parametersOf } from '../request.ts';
import {
  type Asked,
  askedOf,
  clientOf,
  type Errors,
  executed,
  type GraphQLRoutesOptions,
  isErrors,
  refuseOperation,
} from '../route.ts';
import { CreatorDrops, OneDrop } from './drop-sources.ts';
import { DropSubscription } from './drop-subscription.ts';
import {
  type AskedOperation,
  type GraphQLClient,
  nextBegin,
  type Operation,
} from './graphql-client.ts';
import { GraphQLConnection } from './graphql-connection.ts';
import type { LiveSource } from './live-source.ts';
import { NotificationSubscription } from './notification-subscription.ts';
import { encoded, toldErrors } from '../told-errors.ts';
import { Shape } from './shape.ts';
import { SharedStream } from './shared-stream.ts';

type SharedSource = Exclude<LiveSource, { of: 'notifications' }>;

/** In whose name what all subscribers share is read: nobody's. */
const NOBODY = { header: () => '', address: '127.0.0.1' };

export interface GraphQLLiveOptions extends GraphQLRoutesOptions {
  /** What requests to routes of REST can do for a client; they count against no limit. */
  readonly requestFor: (client: Pick<GraphQLClient, 'header' | 'address'>) => ClientRequest;
  readonly flight: Flight;
}

export class GraphQLLive {
  readonly #options: GraphQLLiveOptions;
  /** By source, document and variables. */
  readonly #streams = new Map<string, SharedStream>();
  /** How many of them each source has, in all and for the address that began them. */
  readonly #shapes = new Map<string, number>();
  /** By user. */
  readonly #signedIn = new Map<string, Set<GraphQLConnection>>();
  #context: LiveContext | null = null;

  constructor(options: GraphQLLiveOptions) {
    this.#options = options;
  }

  /** A connection was upgraded. */
  opened(live: LiveHandler, socket: LiveSocket, peer: LivePeer): LiveConnection {
    return live.adopt(socket, (context) => {
      if (this.#context === null) context.ended.onEnded((userId) => this.#sessionsEnded(userId));
      this.#context = context;
      return new GraphQLConnection({ context, socket, live: this, peer });
    });
  }

  signedIn(connection: GraphQLConnection, userId: string): void {
    const connections = this.#signedIn.get(userId) ?? new Set();
    this.#signedIn.set(userId, connections.add(connection));
  }

  signedOut(connection: GraphQLConnection, userId: string): void {
    const connections = this.#signedIn.get(userId);
    connections?.delete(connection);
    if (connections?.size === 0) this.#signedIn.delete(userId);
  }

  /** Of one user, or of all. */
  #sessionsEnded(userId: string | null): void {
    const all = userId === null ? [...this.#signedIn.values()] : [this.#signedIn.get(userId) ?? []];
    for (const connections of all) {
      for (const connection of connections) connection.sessionsEnded();
    }
  }

  /** The operation, where it goes on; null where it has ended, and the client knows. */
  async begin(
    client: GraphQLClient,
    place: AskedOperation,
    payload: object,
  ): Promise<Operation | null> {
    const parameters = parametersOf(payload);
    if (!parameters.ok) return this.#failed(client, place, [errorOf(parameters)]);
    const caller = await clientOf(this.#options, client);
    if (!caller.ok) return this.#failed(client, place, [errorOf(caller)]);
    const asked = askedOf(this.#options, parameters.value);
    if (isErrors(asked)) return this.#failed(client, place, asked);
    const refused = refuseOperation(this.#options, caller, asked.measured);
    if (refused !== null) return this.#failed(client, place, [errorOf(refused)]);
    const { requestFor } = this.#options;
    const { variables } = parameters.value;
    if (asked.operation.operation !== 'subscription') {
      const { flight } = this.#options;
      if (!flight.mayBegin) return this.#failed(client, place, [errorOf(OVERLOADED)]);
      flight.begin();
      try {
        const result = await executed(this.#options, requestFor(client), caller, asked, variables);
        if (client.has(place))
          client.nextOrClose(nextBegin(place.id), encoded(result, this.#options.onFault));
        client.completed(place);
      } finally {
        flight.end();
      }
      return null;
    }
    const shape = this.#shape(asked, variables, client, caller.userId);
    if (isErrors(shape)) return this.#failed(client, place, shape);
    const { source } = shape;
    if (source.of === 'notifications')
      return this.#notifications(client, place, shape, source.after);
    const shared = this.#shape(asked, variables, NOBODY, null) as Shape;
    return this.#join(client, place, shared, source, asked, parameters.value);
  }

  #failed(client: GraphQLClient, place: AskedOperation, errors: Errors): null {
    client.failed(place, toldErrors(errors, this.#options.onFault));
    return null;
  }

  #shape(
    asked: Asked,
    variables: Parameters['variables'],
    client: Pick<GraphQLClient, 'header' | 'address'>,
    userId: string | null,
  ): Shape | Errors {
    const { schema, reads, urls, orders, requestFor, onFault } = this.#options;
    const context = () =>
      new Context({ request: requestFor(client), userId, reads, urls, orders: orders() });
    return Shape.of({ schema, asked, variables, context, onFault });
  }

  #notifications(
    client: GraphQLClient,
    place: AskedOperation,
    shape: Shape,
    after: string | null,
  ): Operation | null {
    const { identity } = client;
    if (identity === null) return this.#failed(client, place, [errorOf(UNAUTHENTICATED)]);
    if (client.isClosed) return null;
    const context = this.#context!;
    const options = { context, client, identity, place, shape, after };
    const subscription = new NotificationSubscription(options);
    subscription.start();
    return subscription;
  }

  #join(
    client: GraphQLClient,
    place: AskedOperation,
    shape: Shape,
    source: SharedSource,
    { operation }: Asked,
    parameters: Parameters,
  ): Operation | null {
    const name = source.of === 'drop' ? `drop:${source.dropId}` : `creator:${source.creatorId}`;
    const { document, operationName, variables } = parameters;
    const digest = 'text' in document ? hash('sha256', document.text) : document.digest;
    // What the document does not declare makes no other subscription.
    const names = (operation.variableDefinitions ?? []).map(({ variable }) => variable.name.value);
    const values = names.map((declared) => variables[declared]);
    const key = hash('sha256', JSON.stringify([name, digest, operationName, values]), 'base64');
    const known = this.#streams.get(key);
    const stream = known ?? this.#newStream(key, name, shape, source, client.addressKey);
    if (stream === null) {
      const max = GRAPHQL_SHAPES_PER_SOURCE_MAX;
      const full = new GraphQLError(`At most ${max} different subscriptions to ${name}.`, {
        extensions: { code: 'overloaded' },
      });
      return this.#failed(client, place, [full]);
    }
    const subscription = new DropSubscription(client, place, stream);
    stream.join(subscription);
    if (known === undefined) stream.open();
    return subscription;
  }

  /** Null where there are too many of the source, in all or from the address. */
  #newStream(
    key: string,
    name: string,
    shape: Shape,
    source: SharedSource,
    addressKey: string,
  ): SharedStream | null {
    const counts = [
      { of: name, max: GRAPHQL_SHAPES_PER_SOURCE_MAX },
      { of: `${name} ${addressKey}`, max: GRAPHQL_SHAPES_PER_ADDRESS_MAX },
    ];
    if (counts.some(({ of, max }) => (this.#shapes.get(of) ?? 0) >= max)) return null;
    const context = this.#context!;
    const stream = new SharedStream({
      context,
      shape,
      source:
        source.of === 'drop'
          ? new OneDrop(context, source.dropId)
          : new CreatorDrops(context, source.creatorId),
      onUnused: () => {
        this.#streams.delete(key);
        for (const { of } of counts) this.#count(of, -1);
      },
    });
    this.#streams.set(key, stream);
    for (const { of } of counts) this.#count(of, 1);
    return stream;
  }

  #count(of: string, change: number): void {
    const count = (this.#shapes.get(of) ?? 0) + change;
    if (count > 0) this.#shapes.set(of, count);
    else this.#shapes.delete(of);
  }
}

const UNAUTHENTICATED = { ok: false, code: 'unauthenticated' } as const;
const OVERLOADED = { ok: false, code: 'overloaded' } as const;

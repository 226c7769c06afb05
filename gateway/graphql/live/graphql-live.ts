// GraphQL over WebSocket, on the hub of the live stream: begins the operations of its connections,
// with the checks and limits of GraphQL over HTTP. Subscriptions to the same source with the same
// document and variables are one (`shared-stream.ts`).

import { hash } from 'node:crypto';
import { GraphQLError } from 'graphql';
import { GRAPHQL_SHAPES_PER_SOURCE_MAX } from '../../../contracts/bounds.ts';
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
import { type GraphQLClient, nextBegin, type Operation } from './graphql-client.ts';
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
}

export class GraphQLLive {
  readonly #options: GraphQLLiveOptions;
  /** By source, document and variables. */
  readonly #streams = new Map<string, SharedStream>();
  /** How many of them each source has. */
  readonly #shapes = new Map<string, number>();
  #context: LiveContext | null = null;

  constructor(options: GraphQLLiveOptions) {
    this.#options = options;
  }

  /** A connection was upgraded. */
  opened(live: LiveHandler, socket: LiveSocket, peer: LivePeer): LiveConnection {
    return live.adopt(socket, (context) => {
      this.#context = context;
      return new GraphQLConnection({ context, socket, live: this, ...peer });
    });
  }

  /** The operation, where it goes on; null where it has ended, and the client knows. */
  async begin(client: GraphQLClient, id: string, payload: object): Promise<Operation | null> {
    const parameters = parametersOf(payload);
    if (!parameters.ok) return this.#failed(client, id, [errorOf(parameters)]);
    const caller = await clientOf(this.#options, client);
    if (!caller.ok) return this.#failed(client, id, [errorOf(caller)]);
    const asked = askedOf(this.#options, parameters.value);
    if (isErrors(asked)) return this.#failed(client, id, asked);
    const refused = refuseOperation(this.#options, caller, asked.measured);
    if (refused !== null) return this.#failed(client, id, [errorOf(refused)]);
    const { requestFor } = this.#options;
    const { variables } = parameters.value;
    if (asked.operation.operation !== 'subscription') {
      const request = requestFor(client);
      const result = await executed(this.#options, request, caller, asked, variables);
      client.nextOrClose(nextBegin(id), encoded(result, this.#options.onFault));
      client.completed(id);
      return null;
    }
    const shape = this.#shape(asked, variables, client, caller.userId);
    if (isErrors(shape)) return this.#failed(client, id, shape);
    const { source } = shape;
    if (source.of === 'notifications') return this.#notifications(client, id, shape, source.after);
    const shared = this.#shape(asked, variables, NOBODY, null) as Shape;
    return this.#join(client, id, shared, source, parameters.value);
  }

  #failed(client: GraphQLClient, id: string, errors: Errors): null {
    client.failed(id, toldErrors(errors, this.#options.onFault));
    return null;
  }

  #shape(
    asked: Asked,
    variables: Parameters['variables'],
    client: Pick<GraphQLClient, 'header' | 'address'>,
    userId: string | null,
  ): Shape | Errors {
    const { schema, reads, orders, requestFor, onFault } = this.#options;
    const context = () =>
      new Context({ request: requestFor(client), userId, reads, orders: orders() });
    return Shape.of({ schema, asked, variables, context, onFault });
  }

  #notifications(
    client: GraphQLClient,
    id: string,
    shape: Shape,
    after: string | null,
  ): Operation | null {
    const { identity } = client;
    if (identity === null) return this.#failed(client, id, [errorOf(UNAUTHENTICATED)]);
    if (client.isClosed) return null;
    const context = this.#context!;
    const options = { context, client, identity, id, shape, after };
    const subscription = new NotificationSubscription(options);
    subscription.start();
    return subscription;
  }

  #join(
    client: GraphQLClient,
    id: string,
    shape: Shape,
    source: SharedSource,
    parameters: Parameters,
  ): Operation | null {
    const name = source.of === 'drop' ? `drop:${source.dropId}` : `creator:${source.creatorId}`;
    const { document, operationName, variables } = parameters;
    const digest = 'text' in document ? hash('sha256', document.text) : document.digest;
    const key = hash('sha256', JSON.stringify([name, digest, operationName, variables]), 'base64');
    const known = this.#streams.get(key);
    const stream = known ?? this.#newStream(key, name, shape, source);
    if (stream === null) {
      const max = GRAPHQL_SHAPES_PER_SOURCE_MAX;
      const full = new GraphQLError(`At most ${max} different subscriptions to ${name}.`, {
        extensions: { code: 'overloaded' },
      });
      return this.#failed(client, id, [full]);
    }
    const subscription = new DropSubscription(client, id, stream);
    stream.join(subscription);
    if (known === undefined) stream.open();
    return subscription;
  }

  #newStream(key: string, name: string, shape: Shape, source: SharedSource): SharedStream | null {
    const shapes = this.#shapes.get(name) ?? 0;
    if (shapes >= GRAPHQL_SHAPES_PER_SOURCE_MAX) return null;
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
        const left = this.#shapes.get(name)! - 1;
        if (left > 0) this.#shapes.set(name, left);
        else this.#shapes.delete(name);
      },
    });
    this.#streams.set(key, stream);
    this.#shapes.set(name, shapes + 1);
    return stream;
  }
}

const UNAUTHENTICATED = { ok: false, code: 'unauthenticated' } as const;

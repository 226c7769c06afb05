// One subscription as it was asked for: a document with its variables. Each event of its source is
// executed against it, and gives the payload of `next` messages as text.

import {
  createSourceEventStream,
  executeSubscriptionEvent,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  validateSubscriptionArgs,
  type ValidatedSubscriptionArgs,
} from 'graphql';
import type { Context } from '../context.ts';
import type { Asked } from '../route.ts';
import { encoded } from '../told-errors.ts';
import { type LiveSource, SourceStream } from './live-source.ts';

export interface ShapeOptions {
  readonly schema: GraphQLSchema;
  readonly asked: Asked;
  readonly variables: Readonly<Record<string, unknown>>;
  /** In whose name what an event does not bring is read; a new one for each event. */
  readonly context: () => Context;
  /** Gets defects that a field met. */
  readonly onFault: (fault: unknown) => void;
}

export class Shape {
  readonly source: LiveSource;
  readonly #args: ValidatedSubscriptionArgs;
  readonly #context: () => Context;
  readonly #onFault: (fault: unknown) => void;

  private constructor(
    source: LiveSource,
    args: ValidatedSubscriptionArgs,
    { context, onFault }: ShapeOptions,
  ) {
    this.source = source;
    this.#args = args;
    this.#context = context;
    this.#onFault = onFault;
  }

  /** The shape, or what is wrong with what was asked. */
  static of(options: ShapeOptions): Shape | readonly GraphQLError[] {
    const { schema, asked, variables } = options;
    const args = validateSubscriptionArgs({
      schema,
      document: asked.prepared.document,
      operationName: asked.operation.name?.value,
      variableValues: variables,
    });
    if (!('schema' in args)) return args;
    const stream = createSourceEventStream(args);
    if (stream instanceof SourceStream) return new Shape(stream.source, args, options);
    const { errors } = stream as ExecutionResult;
    return errors ?? [new GraphQLError('The subscription has no source.')];
  }

  /** The payload of an event, encoded. It has come at once where nothing had to be read for it. */
  payload(event: unknown): string | Promise<string> {
    const result = executeSubscriptionEvent({
      ...this.#args,
      rootValue: event,
      contextValue: this.#context(),
    });
    return result instanceof Promise
      ? result.then((read) => encoded(read, this.#onFault))
      : encoded(result, this.#onFault);
  }
}

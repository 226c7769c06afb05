// The command router of a gateway thread. Orders of one turn of the event loop go to the main
// thread as one message of a ring; the router of the main thread does the rest
// (`actors/cluster/broker-router.ts`), and answers each command by itself. All other commands go
// over the port.

import type { CommandReply, DropCommand, ReplyTo } from '../../contracts/commands.ts';
import { refusal } from '../../domain/refusal.ts';
import { packCommands, unpackReplies } from '../cluster/execute-wire.ts';
import type { CommandRouter, CommandSink } from '../command-router.ts';
import { activeTrace } from '../tracing/active-trace.ts';
import { joinTraces } from '../tracing/call-traces.ts';
import type { Tracing } from '../tracing/tracing.ts';
import {
  COMMANDS_PER_MESSAGE_MAX,
  decodeReplies,
  encodeOrders,
  type OrdersMessage,
} from './thread-orders.ts';

const OVERLOADED: CommandReply = refusal('overloaded');
const UNAVAILABLE: CommandReply = refusal('unavailable');

export interface ThreadRouterOptions {
  /** Writes to the ring. False where it is full. */
  readonly write: (message: Uint8Array) => boolean;
  /** Bytes of the longest message of the ring. */
  readonly messageMax: number;
  /** Asks the main thread over the port. It rejects where there is no answer. */
  readonly ask: (command: DropCommand, traceparent: string | undefined) => Promise<CommandReply>;
  /** Null, or absent: this node does not trace. */
  readonly tracing?: Tracing | null;
}

/** The orders of a message. */
class Batch {
  readonly commands: DropCommand[] = [];
  /** Null once it is answered. */
  readonly sinks: (CommandSink | null)[] = [];
  left = 0;
}

export class ThreadRouter implements CommandRouter {
  readonly #options: ThreadRouterOptions;
  /** Sent at the end of this turn. */
  #gathered: Batch[] = [];
  #isFlushPlanned = false;
  readonly #inFlight = new Map<number, Batch>();
  #lastBatch = 0;
  readonly #flush = (): void => {
    this.#isFlushPlanned = false;
    const batches = this.#gathered;
    this.#gathered = [];
    for (const batch of batches) this.#send(batch);
  };

  constructor(options: ThreadRouterOptions) {
    this.#options = options;
  }

  submit(command: DropCommand, sink: CommandSink): void {
    if (command.type !== 'place-order') return void this.#askFor(command, sink);
    let batch = this.#gathered.at(-1);
    if (batch === undefined || batch.left >= COMMANDS_PER_MESSAGE_MAX) {
      batch = new Batch();
      this.#gathered.push(batch);
      if (!this.#isFlushPlanned) {
        this.#isFlushPlanned = true;
        setImmediate(this.#flush);
      }
    }
    batch.commands.push(command);
    batch.sinks.push(sink);
    batch.left += 1;
  }

  send<C extends DropCommand>(command: C): Promise<ReplyTo<C>> {
    return new Promise((resolve) => {
      const traceparent = activeTrace()?.traceparent;
      this.submit(command, { traceparent, complete: (reply) => resolve(reply as ReplyTo<C>) });
    });
  }

  /** Takes a message of the main thread's ring. */
  takeReplies(message: Uint8Array): void {
    for (const { batch: number, packed } of decodeReplies(message)) {
      const batch = this.#inFlight.get(number);
      if (batch === undefined) continue;
      const { indexes, replies } = unpackReplies(packed);
      batch.left -= indexes.length;
      if (batch.left === 0) this.#inFlight.delete(number);
      for (let i = 0; i < indexes.length; i++) {
        const index = indexes[i]!;
        const sink = batch.sinks[index]!;
        batch.sinks[index] = null;
        sink.complete(replies[i] as CommandReply);
      }
    }
  }

  #send(batch: Batch): void {
    const { write, messageMax, tracing = null } = this.#options;
    const { commands, sinks } = batch;
    const number = ++this.#lastBatch;
    const traces = tracing === null ? undefined : joinTraces(sinks);
    const message: OrdersMessage = { batch: number, packed: packCommands(commands), traces };
    const bytes = encodeOrders(message);
    if (bytes.length > messageMax) {
      // Some hundred orders with long texts each.
      commands.forEach((command, index) => void this.#askFor(command, sinks[index]!));
    } else if (write(bytes)) this.#inFlight.set(number, batch);
    else for (const sink of sinks) sink!.complete(OVERLOADED);
  }

  async #askFor(command: DropCommand, sink: CommandSink): Promise<void> {
    let reply: CommandReply;
    try {
      reply = await this.#options.ask(command, sink.traceparent);
    } catch (error) {
      const isFull = (error as { code?: unknown } | null)?.code === 'queue-full';
      reply = isFull ? OVERLOADED : UNAVAILABLE;
    }
    sink.complete(reply);
  }
}

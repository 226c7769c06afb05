// The main thread's side of a gateway thread's orders: submits them to the router, and sends the
// replies of one turn of the event loop as one message. Where the ring has no room for replies
// they wait here, as many as commands were taken.

import type { CommandReply } from '../../contracts/commands.ts';
import { packReplies, unpackCommands } from '../cluster/execute-wire.ts';
import type { CommandRouter, CommandSink } from '../command-router.ts';
import { traceOfCommand } from '../tracing/call-traces.ts';
import {
  COMMANDS_PER_MESSAGE_MAX,
  decodeOrders,
  encodeReplies,
  type RepliesMessage,
} from './thread-orders.ts';

export interface OrderIntakeOptions {
  readonly router: CommandRouter;
  /** Writes to the ring. False where it is full. */
  readonly write: (message: Uint8Array) => boolean;
  /** Bytes of the longest message of the ring. */
  readonly messageMax: number;
  /** Sends what is too long for the ring. */
  readonly tell: (message: Uint8Array) => void;
}

export class OrderIntake {
  readonly #options: OrderIntakeOptions;
  /** Batches with replies that are not sent yet. */
  #replied: TakenBatch[] = [];
  /** Encoded, the oldest first. */
  readonly #waiting: Uint8Array[] = [];
  readonly #flush = (): void => {
    const batches = this.#replied;
    this.#replied = [];
    let parts: RepliesMessage[number][] = [];
    let count = 0;
    for (const batch of batches) {
      const part = batch.take();
      parts.push(part);
      count += part.packed.count;
      if (count < COMMANDS_PER_MESSAGE_MAX) continue;
      this.#send(encodeReplies(parts));
      parts = [];
      count = 0;
    }
    if (count > 0) this.#send(encodeReplies(parts));
  };

  constructor(options: OrderIntakeOptions) {
    this.#options = options;
  }

  /** Takes a message of the thread's ring. */
  take(message: Uint8Array): void {
    const { router } = this.#options;
    const { batch: number, packed, traces } = decodeOrders(message);
    const commands = unpackCommands(packed);
    const batch = new TakenBatch(this, number);
    for (let index = 0; index < commands.length; index++) {
      const traceparent = traces === undefined ? '' : traceOfCommand(traces, index);
      router.submit(commands[index]!, new TakenCommand(batch, index, traceparent || undefined));
    }
  }

  /** There is room in the ring again. */
  resume(): void {
    const { write } = this.#options;
    let sent = 0;
    while (sent < this.#waiting.length && write(this.#waiting[sent]!)) sent += 1;
    this.#waiting.splice(0, sent);
  }

  /** For the batches themselves. */
  replied(batch: TakenBatch): void {
    this.#replied.push(batch);
    if (this.#replied.length === 1) setImmediate(this.#flush);
  }

  #send(bytes: Uint8Array): void {
    const { write, messageMax, tell } = this.#options;
    if (bytes.length > messageMax) tell(bytes);
    else if (this.#waiting.length > 0 || !write(bytes)) this.#waiting.push(bytes);
  }
}

class TakenBatch {
  readonly #intake: OrderIntake;
  readonly #number: number;
  #indexes: number[] = [];
  #replies: CommandReply[] = [];

  constructor(intake: OrderIntake, number: number) {
    this.#intake = intake;
    this.#number = number;
  }

  add(index: number, reply: CommandReply): void {
    this.#indexes.push(index);
    this.#replies.push(reply);
    if (this.#indexes.length === 1) this.#intake.replied(this);
  }

  take(): RepliesMessage[number] {
    const packed = packReplies(this.#replies, this.#indexes);
    this.#indexes = [];
    this.#replies = [];
    return { batch: this.#number, packed };
  }
}

class TakenCommand implements CommandSink {
  readonly traceparent: string | undefined;
  readonly #batch: TakenBatch;
  readonly #index: number;

  constructor(batch: TakenBatch, index: number, traceparent: string | undefined) {
    this.traceparent = traceparent;
    this.#batch = batch;
    this.#index = index;
  }

  complete(reply: CommandReply): void {
    this.#batch.add(this.#index, reply);
  }
}

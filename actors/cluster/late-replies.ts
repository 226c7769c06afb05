// How an owner replies to a call of another node without letting one command delay the others. The
// reply to the call has what is there at the end of the first turn of the event loop that has any.
// What comes later is gathered by turn, and sent in messages of its own. Nearly every call is
// complete in its first turn, because the commands of a tick share an append: those cost nothing
// here. Nothing is kept for a caller: a message that it does not get is a lost reply, which the
// caller's timeout covers.

import type { DropCommand } from '../../contracts/commands.ts';
import type { ShardHost } from '../shard/shard-host.ts';
import type { ReplySink, ShardReply } from '../shard/shard-reply.ts';
import { packReplies, type RepliesOnWire } from './execute-wire.ts';

/** Replies in one message, as in one call: a NATS message has at most 1 MiB. */
const REPLIES_PER_MESSAGE_MAX = 1_024;

/** A call of another node. The run tells calls of an earlier process of that node apart. */
export interface CallOfRun {
  readonly nodeId: string;
  readonly run: string;
  readonly call: number;
}

/** Replies to calls of one run that came after the reply to the call. */
export interface LateRepliesOnWire {
  readonly run: string;
  readonly parts: readonly { readonly call: number; readonly packed: RepliesOnWire }[];
}

interface Message {
  readonly nodeId: string;
  readonly run: string;
  readonly parts: { readonly call: number; readonly packed: RepliesOnWire }[];
  replyCount: number;
}

export class LateReplies {
  readonly #send: (nodeId: string, message: LateRepliesOnWire) => void;
  /** By run; each is sent at the end of the turn. */
  readonly #messages = new Map<string, Message>();
  #flushScheduled = false;
  readonly #flush = (): void => {
    this.#flushScheduled = false;
    const messages = [...this.#messages.values()];
    this.#messages.clear();
    for (const message of messages) this.#sendMessage(message);
  };

  /** `send` does not throw. */
  constructor(options: {
    readonly send: (nodeId: string, message: LateRepliesOnWire) => void;
  }) {
    this.#send = options.send;
  }

  add(caller: CallOfRun, indexes: readonly number[], replies: readonly ShardReply[]): void {
    const { nodeId, run, call } = caller;
    let message = this.#messages.get(run);
    if (message !== undefined && message.replyCount + replies.length > REPLIES_PER_MESSAGE_MAX) {
      this.#sendMessage(message);
      message = undefined;
    }
    if (message === undefined) {
      message = { nodeId, run, parts: [], replyCount: 0 };
      this.#messages.set(run, message);
    }
    message.parts.push({ call, packed: packReplies(replies, indexes) });
    message.replyCount += replies.length;
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    setImmediate(this.#flush);
  }

  #sendMessage({ nodeId, run, parts }: Message): void {
    this.#send(nodeId, { run, parts });
  }
}

/** Resolves to the first replies; sends the others as late ones. Never rejects. */
export function repliesInParts(
  host: Pick<ShardHost, 'submit'>,
  {
    commands,
    traces,
  }: { readonly commands: readonly DropCommand[]; readonly traces?: string | undefined },
  caller: CallOfRun,
  late: LateReplies,
): Promise<RepliesOnWire> {
  return new Promise((resolve) => {
    host.submit(commands, new FirstReplies(commands.length, caller, late, resolve), traces);
  });
}

/** Gathers the replies of the first turn that has any. */
class FirstReplies implements ReplySink {
  readonly #caller: CallOfRun;
  readonly #late: LateReplies;
  readonly #resolve: (first: RepliesOnWire) => void;
  readonly #indexes: number[] = [];
  readonly #replies: ShardReply[] = [];
  #left: number;
  #hasReplied = false;
  readonly #reply = (): void => {
    if (this.#hasReplied) return;
    this.#hasReplied = true;
    this.#resolve(packReplies(this.#replies, this.#indexes));
  };

  constructor(
    count: number,
    caller: CallOfRun,
    late: LateReplies,
    resolve: (first: RepliesOnWire) => void,
  ) {
    this.#left = count;
    this.#caller = caller;
    this.#late = late;
    this.#resolve = resolve;
  }

  replied(indexes: readonly number[], replies: readonly ShardReply[]): void {
    if (this.#hasReplied) return this.#late.add(this.#caller, indexes, replies);
    this.#left -= indexes.length;
    if (this.#left > 0 && this.#indexes.length === 0) setImmediate(this.#reply);
    for (let i = 0; i < indexes.length; i++) {
      this.#indexes.push(indexes[i]!);
      this.#replies.push(replies[i]!);
    }
    if (this.#left === 0) this.#reply();
  }
}

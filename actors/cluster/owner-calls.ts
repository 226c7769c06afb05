// The calls of a router to owners of shards: one for the commands of one event-loop tick for one
// owner. Each command is answered by itself: by the reply to the call, or by a late reply
// (`actors/cluster/late-replies.ts`), so that a command that waits for its shard delays no other.
// What a call without a reply means for a command is decided in `actors/cluster/broker-router.ts`.

import { randomUUID } from 'node:crypto';
import type { ServiceBroker } from 'moleculer';
import type { Logger } from 'pino';
import type { DropCommand } from '../../contracts/commands.ts';
import type { Clock, Timer } from '../clock.ts';
import type { CommandSink } from '../command-router.ts';
import type { ReplySink, ShardReply } from '../shard/shard-reply.ts';
import { joinTraces } from '../tracing/call-traces.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { packCommands, type RepliesOnWire, unpackReplies } from './execute-wire.ts';
import type { LateRepliesOnWire } from './late-replies.ts';
import type { OwnerDirectory } from './placement-watch.ts';
import { EXECUTE_ACTION, type ExecuteParams } from './shard-service.ts';

/**
 * A call to another node that takes longer has an unknown outcome. The timeout is shorter than the
 * life of a session, so that a reply that was delayed for longer is discarded. A call within this
 * process has no timeout: a local shard may hold a command while it loads or moves.
 */
const ANSWER_TIMEOUT_MS = 2_500;
/** More commands go in further calls: commands and replies must fit into a NATS message (1 MiB). */
const COMMANDS_PER_CALL_MAX = 1_024;
/** While an owner is away the call of every tick fails: at most one log line in this time. */
const FAILURE_LOG_INTERVAL_MS = 1_000;

/** Moleculer's error types for calls that were never sent. */
const NOT_SENT: ReadonlySet<unknown> = new Set([
  'SERVICE_NOT_FOUND',
  'SERVICE_NOT_AVAILABLE',
  'BAD_GATEWAY',
]);

/** The commands of one tick for one owner. It takes the replies, and so is their sink. */
export class OwnerCall implements ReplySink {
  readonly nodeId: string;
  /**
   * Commands that are sent again travel apart from new ones: their deadlines end the call earlier,
   * and an owner of level 1 or below replies to a call as late as to its slowest command.
   */
  readonly isRetry: boolean;
  readonly commands: DropCommand[] = [];
  /** For each command; null once it is answered, or the router has it back. */
  readonly sinks: (CommandSink | null)[] = [];
  /** For each command, until when it may be sent again; null for a command sent the first time. */
  readonly deadlines: (number | null)[] = [];
  /** The earliest of the deadlines: the call ends then. */
  earliestDeadline = Infinity;
  /** The run of the called node; null if it is not known, or for this node itself. */
  run: string | null = null;
  /** Null for a call within this process, which has no number. */
  number: number | null = null;
  /** When the call was sent. All times in this file are monotonic. */
  calledAt = 0;
  /** Commands without a reply. */
  left = 0;
  /** Ends the wait for late replies. */
  timer: Timer | null = null;
  readonly #calls: OwnerCalls;
  readonly #isAlone: boolean;

  constructor(calls: OwnerCalls, nodeId: string, command: DropCommand, isRetry: boolean) {
    this.#calls = calls;
    this.nodeId = nodeId;
    this.#isAlone = isAlone(command);
    this.isRetry = isRetry;
  }

  takes(nodeId: string, command: DropCommand, isRetry: boolean): boolean {
    if (nodeId !== this.nodeId || isRetry !== this.isRetry || this.#isAlone) return false;
    return this.left < COMMANDS_PER_CALL_MAX && !isAlone(command);
  }

  add(command: DropCommand, sink: CommandSink, deadline: number | null): void {
    this.commands.push(command);
    this.sinks.push(sink);
    this.deadlines.push(deadline);
    this.left += 1;
    if (deadline !== null && deadline < this.earliestDeadline) this.earliestDeadline = deadline;
  }

  replied(indexes: readonly number[], replies: readonly ShardReply[]): void {
    this.#calls.deliver(this, indexes, replies);
  }
}

/** The reply with an order filter is so large that its command goes in a call of its own. */
function isAlone(command: DropCommand): boolean {
  return command.type === 'get-order-filter';
}

export interface OwnerCallsOptions {
  readonly broker: ServiceBroker;
  readonly owners: OwnerDirectory;
  readonly tracing?: Tracing | null;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onReply: (call: OwnerCall, index: number, sink: CommandSink, reply: ShardReply) => void;
  /** There will be no reply. `notSent`: the command never left this process. */
  readonly onLost: (call: OwnerCall, index: number, sink: CommandSink, notSent: boolean) => void;
}

export class OwnerCalls {
  readonly #options: OwnerCallsOptions;
  /** Of this process, for late replies to calls of an earlier process of this node. */
  readonly #run = randomUUID();
  /** Calls to other nodes that are not wholly answered, by number. */
  readonly #inFlight = new Map<number, OwnerCall>();
  #lastNumber = 0;
  /** Calls that failed since the last log line about failed calls. */
  #failures = 0;
  #failureLoggedAt = -Infinity;

  constructor(options: OwnerCallsOptions) {
    this.#options = options;
  }

  send(call: OwnerCall): void {
    const { broker, clock } = this.#options;
    call.calledAt = clock.monotonic();
    if (call.nodeId === broker.nodeID) this.#callHere(call);
    else this.#callOther(call);
  }

  /** For the calls themselves. Passes over commands that are answered, or with the router again. */
  deliver(call: OwnerCall, indexes: readonly number[], replies: readonly ShardReply[]): void {
    const { onReply } = this.#options;
    for (let i = 0; i < indexes.length; i++) {
      const index = indexes[i]!;
      const sink = call.sinks[index];
      if (!sink) continue;
      call.sinks[index] = null;
      call.left -= 1;
      onReply(call, index, sink, replies[i]!);
    }
    if (call.left === 0) this.#forget(call);
  }

  takeLateReplies({ run, parts }: LateRepliesOnWire): void {
    if (run !== this.#run) return;
    for (const { call: number, packed } of parts) {
      const call = this.#inFlight.get(number);
      if (call !== undefined) this.#deliverPacked(call, packed);
    }
  }

  /** A node without its session sends no more replies: other nodes claim its shards. */
  failLostOwners(): void {
    const { owners } = this.#options;
    for (const call of this.#inFlight.values()) {
      if (call.run === null || owners.incarnationOf(call.nodeId) === call.run) continue;
      this.#fail(call, new Error('the session of the owner is over'));
    }
  }

  #callHere(call: OwnerCall): void {
    this.#options.broker
      .call<null, ExecuteParams>(
        EXECUTE_ACTION,
        { commands: call.commands, sink: call, ...this.#tracesOf(call) },
        { nodeID: call.nodeId, timeout: 0 },
      )
      .catch((error: unknown) => this.#fail(call, error));
  }

  #callOther(call: OwnerCall): void {
    const { broker, owners } = this.#options;
    const { nodeId } = call;
    const number = ++this.#lastNumber;
    call.number = number;
    call.run = owners.incarnationOf(nodeId);
    this.#inFlight.set(number, call);
    broker
      .call<RepliesOnWire, ExecuteParams>(
        EXECUTE_ACTION,
        {
          packed: packCommands(call.commands),
          caller: { nodeId: broker.nodeID, run: this.#run, call: number },
          ...this.#tracesOf(call),
        },
        { nodeID: nodeId, timeout: answerTimeoutMs(call) },
      )
      .then(
        (packed) => this.#deliverPacked(call, packed),
        (error: unknown) => this.#fail(call, error),
      );
  }

  /** What the owner needs to continue the commands' traces. */
  #tracesOf({ sinks }: OwnerCall): { readonly traces?: string } | null {
    const { tracing = null } = this.#options;
    const traces = tracing === null ? undefined : joinTraces(sinks);
    return traces === undefined ? null : { traces };
  }

  /**
   * Replies that come after the timeout, or after the end of the owner's session, are discarded.
   */
  #deliverPacked(call: OwnerCall, packed: RepliesOnWire): void {
    if (!this.#inFlight.has(call.number!)) return;
    try {
      const { indexes, replies } = unpackReplies(packed);
      this.deliver(call, indexes, replies);
    } catch (error) {
      return this.#fail(call, error);
    }
    if (call.left > 0) this.#awaitLate(call);
  }

  #awaitLate(call: OwnerCall): void {
    const { clock } = this.#options;
    const leftMs = call.calledAt + answerTimeoutMs(call) - clock.monotonic();
    call.timer ??= clock.after(Math.max(1, leftMs), () =>
      this.#fail(call, new Error('the owner has not answered every command in time')),
    );
  }

  #forget(call: OwnerCall): void {
    call.timer?.cancel();
    call.timer = null;
    if (call.number !== null) this.#inFlight.delete(call.number);
  }

  #fail(call: OwnerCall, error: unknown): void {
    if (call.left === 0) return;
    const notSent = NOT_SENT.has((error as { type?: unknown } | null)?.type);
    this.#forget(call);
    this.#logFailure(call, error);
    this.#options.owners.refreshSoon();
    for (let index = 0; index < call.sinks.length; index++) {
      const sink = call.sinks[index];
      if (!sink) continue;
      call.sinks[index] = null;
      call.left -= 1;
      this.#options.onLost(call, index, sink, notSent);
    }
  }

  #logFailure({ nodeId, left }: OwnerCall, error: unknown): void {
    const { clock, log } = this.#options;
    this.#failures += 1;
    if (clock.monotonic() < this.#failureLoggedAt + FAILURE_LOG_INTERVAL_MS) return;
    log.warn(
      { err: error, owner: nodeId, commands: left, failures: this.#failures },
      'an owner of shards did not answer',
    );
    this.#failureLoggedAt = clock.monotonic();
    this.#failures = 0;
  }
}

/** `ANSWER_TIMEOUT_MS`, but no later than the earliest deadline of the commands. */
function answerTimeoutMs({ earliestDeadline, calledAt }: OwnerCall): number {
  return Math.max(1, Math.min(ANSWER_TIMEOUT_MS, earliestDeadline - calledAt));
}

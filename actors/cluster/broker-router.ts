// The command router over the broker. It gathers the commands of one event-loop tick into one call
// to each owner (`actors/cluster/owner-calls.ts`), and hands each reply back when it comes.
// Measured on 2 cores: with one order in a call, tens of thousands of orders a second; with 64 in a
// call, more than half a million.
//
// An owner may be lost, or may reply that another node serves the shard. An owner is lost as soon
// as its session is over, even if calls to it have not failed yet. Then the command waits here,
// within a deadline, for the next owner of its shard, and the router sends it again unchanged. An
// order has the same key each time, so it is placed once, however often it is sent (O3). A command
// that must not be repeated is sent again only if it was certainly not executed.
//
// Commands wait in a plain array. A queue of promises such as p-limit would cost each of them some
// 3 us and 700 bytes more (`gateway/live/load-queue.ts`), where an order takes some 25 us in all.

import type { ServiceBroker } from 'moleculer';
import type { Logger } from 'pino';
import type { CommandReply, DropCommand, ReplyTo } from '../../contracts/commands.ts';
import { shardOf } from '../../domain/ids.ts';
import { refusal } from '../../domain/refusal.ts';
import type { Clock, Timer } from '../clock.ts';
import type { CommandRouter, CommandSink } from '../command-router.ts';
import type { LateRepliesOnWire } from './late-replies.ts';
import { OwnerCall, OwnerCalls } from './owner-calls.ts';
import type { OwnerDirectory } from './placement-watch.ts';
import { isMoved, type ShardReply } from '../shard/shard-reply.ts';
import { activeTrace } from '../tracing/active-trace.ts';
import { AttemptTrace } from '../tracing/attempt-trace.ts';
import type { Tracing } from '../tracing/tracing.ts';

/** Commands submitted and not answered yet; past it commands are refused as `overloaded` (H6). */
const OUTSTANDING_MAX = 50_000;
/**
 * From the first attempt to send a command until the command is refused as `unavailable`. Other
 * nodes serve the shards of a dead node sooner than that.
 */
const WAIT_MAX_MS = 5_000;
/** Waiting commands are retried this often while the placement does not change. */
const WAIT_RETRY_MS = 25;

const OVERLOADED: CommandReply = refusal('overloaded');
const UNAVAILABLE: CommandReply = refusal('unavailable');

/** Commands that have the same effect when they are executed twice. */
const REPEATABLE: ReadonlySet<DropCommand['type']> = new Set([
  'place-order',
  'settle-payment',
  'record-payment',
  'prepare-payment',
  'add-order-details',
  'get-drop',
  'get-order',
  'get-order-payments',
  'list-orders',
  'get-order-filter',
]);

/** A drop does what a request with a key asks for once (H11). */
function isRepeatable(command: DropCommand): boolean {
  return REPEATABLE.has(command.type) || ('request' in command && command.request !== undefined);
}

export interface BrokerRouterOptions {
  readonly broker: ServiceBroker;
  readonly owners: OwnerDirectory;
  readonly shardCount: number;
  /** Null, or absent: this node does not trace. */
  readonly tracing?: Tracing | null;
  readonly clock: Clock;
  readonly log: Logger;
}

interface WaitingCommand {
  readonly command: DropCommand;
  readonly sink: CommandSink;
  /** All times in this file are monotonic. */
  readonly deadline: number;
  /** The node that refused the command or did not answer: not called before the next retry. */
  readonly excludedNodeId: string | null;
}

export class BrokerRouter implements CommandRouter {
  readonly #options: BrokerRouterOptions;
  readonly #calls: OwnerCalls;
  /** Sent at the end of this tick. */
  #gathered: OwnerCall[] = [];
  #outstanding = 0;
  #refused: CommandSink[] = [];
  #flushScheduled = false;
  #waiting: WaitingCommand[] = [];
  #waitTimer: Timer | null = null;

  constructor(options: BrokerRouterOptions) {
    this.#options = options;
    this.#calls = new OwnerCalls({
      ...options,
      onReply: (call, index, sink, reply) => this.#handleReply(call, index, sink, reply),
      onLost: (call, index, sink, notSent) => this.#sendAgain(call, index, sink, notSent),
    });
    options.owners.onChange(() => {
      this.#calls.failLostOwners();
      this.#retryWaiting(false);
    });
  }

  /** Commands submitted and not answered yet. */
  get outstanding(): number {
    return this.#outstanding;
  }

  submit(command: DropCommand, sink: CommandSink): void {
    if (!this.#flushScheduled) this.#scheduleFlush();
    if (this.#outstanding >= OUTSTANDING_MAX) {
      this.#refused.push(sink);
      return;
    }
    this.#outstanding += 1;
    const { owners, shardCount } = this.#options;
    const owner = owners.ownerOf(shardOf(command.dropId, shardCount));
    if (owner === null)
      this.#sendOrWait(command, sink, this.#options.clock.monotonic() + WAIT_MAX_MS, null);
    else this.#add(owner, command, sink, null);
  }

  send<C extends DropCommand>(command: C): Promise<ReplyTo<C>> {
    return new Promise((resolve) => {
      const parent = activeTrace()?.traceparent;
      const span = this.#options.tracing?.begin({
        name: `shard.call ${command.type}`,
        kind: 'client',
        ...(parent !== undefined && { parent }),
      });
      this.submit(command, {
        traceparent: span?.traceparent,
        complete(reply) {
          span?.end(reply.ok || reply.code !== 'unavailable' ? null : reply.code);
          resolve(reply as ReplyTo<C>);
        },
      });
    });
  }

  #scheduleFlush(): void {
    this.#flushScheduled = true;
    setImmediate(this.#flush);
  }

  /** Replies to commands whose call is answered already. */
  takeLateReplies(message: LateRepliesOnWire): void {
    this.#calls.takeLateReplies(message);
  }

  /** Owners are few, so a plain list is the fastest index. */
  #add(nodeId: string, command: DropCommand, sink: CommandSink, deadline: number | null): void {
    const isRetry = deadline !== null;
    let call: OwnerCall | undefined;
    for (const candidate of this.#gathered) {
      if (candidate.takes(nodeId, command, isRetry)) call = candidate;
    }
    if (call === undefined) {
      call = new OwnerCall(this.#calls, nodeId, command, isRetry);
      this.#gathered.push(call);
    }
    call.add(command, sink, deadline);
  }

  readonly #flush = (): void => {
    this.#flushScheduled = false;
    const calls = this.#gathered;
    const refused = this.#refused;
    this.#gathered = [];
    this.#refused = [];
    for (const sink of refused) sink.complete(OVERLOADED);
    for (const call of calls) this.#calls.send(call);
  };

  #handleReply(call: OwnerCall, index: number, sink: CommandSink, reply: ShardReply): void {
    if (!isMoved(reply)) return this.#complete(sink, reply);
    this.#options.owners.ownerReported(reply.shard, reply.nodeId, reply.version);
    this.#sendAgain(call, index, sink, reply.executed === 'no');
  }

  #sendAgain(call: OwnerCall, index: number, sink: CommandSink, notExecuted: boolean): void {
    const command = call.commands[index]!;
    this.#traceAttempt(call, sink, notExecuted);
    if (!notExecuted && !isRepeatable(command)) return this.#complete(sink, UNAVAILABLE);
    const deadline = call.deadlines[index] ?? call.calledAt + WAIT_MAX_MS;
    this.#sendOrWait(command, sink, deadline, call.nodeId);
  }

  #traceAttempt({ nodeId, calledAt }: OwnerCall, { traceparent }: CommandSink, moved: boolean) {
    const { tracing = null, clock } = this.#options;
    if (tracing === null || traceparent === undefined) return;
    const outcome = moved ? 'moved' : 'lost';
    const times = { startedAt: calledAt, endedAt: clock.monotonic() };
    tracing.hold(new AttemptTrace({ traceparent, nodeId, outcome, ...times }));
  }

  /** Sends the command at once if its owner is known and not excluded. Else the command waits. */
  #sendOrWait(
    command: DropCommand,
    sink: CommandSink,
    deadline: number,
    excludedNodeId: string | null,
  ): void {
    const { clock, owners, shardCount } = this.#options;
    const owner = owners.ownerOf(shardOf(command.dropId, shardCount));
    if (owner !== null && owner !== excludedNodeId && clock.monotonic() < deadline) {
      if (!this.#flushScheduled) this.#scheduleFlush();
      this.#add(owner, command, sink, deadline);
      return;
    }
    this.#waiting.push({ command, sink, deadline, excludedNodeId });
    if (this.#waitTimer !== null) return;
    this.#waitTimer = clock.after(WAIT_RETRY_MS, () => {
      this.#waitTimer = null;
      this.#retryWaiting(true);
    });
  }

  /** A timed retry includes the excluded node: the shard may have come back to it. */
  #retryWaiting(timed: boolean): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    const now = this.#options.clock.monotonic();
    for (const one of waiting) {
      if (now >= one.deadline) this.#complete(one.sink, UNAVAILABLE);
      else this.#sendOrWait(one.command, one.sink, one.deadline, timed ? null : one.excludedNodeId);
    }
    if (timed) this.#options.owners.refreshSoon();
  }

  #complete(sink: CommandSink, reply: CommandReply): void {
    this.#outstanding -= 1;
    sink.complete(reply);
  }
}

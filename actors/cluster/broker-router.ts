// The command router over the broker. It gathers the commands of one event-loop tick into one call
// to each owner, and hands the replies back in order. Measured on 2 cores: with one order in a
// call, tens of thousands of orders a second; with 64 in a call, more than half a million.
//
// An owner may be lost, or may reply that another node serves the shard. An owner is lost as soon
// as its session is over, even if calls to it have not failed yet. Then the command waits here,
// within a deadline, for the next owner of its shard, and the router sends it again unchanged. An
// order has the same key each time, so it is placed once, however often it is sent (O3). A command
// that must not be repeated is sent again only if it was certainly not executed.

import type { ServiceBroker } from 'moleculer';
import type { Logger } from 'pino';
import type { CommandReply, DropCommand, ReplyTo } from '../../contracts/commands.ts';
import { shardOf } from '../../domain/ids.ts';
import { refusal } from '../../domain/refusal.ts';
import type { Clock, Timer } from '../clock.ts';
import type { CommandRouter, CommandSink } from '../command-router.ts';
import { packCommands, type RepliesOnWire, unpackReplies } from './execute-wire.ts';
import type { OwnerDirectory } from './placement-watch.ts';
import { isMoved, type ShardReply } from '../shard/shard-reply.ts';
import { EXECUTE_ACTION, type ExecuteParams } from './shard-service.ts';

/** Commands submitted and not answered yet; past it commands are refused as `overloaded` (H6). */
const OUTSTANDING_MAX = 50_000;
/**
 * From the first attempt to send a command until the command is refused as `unavailable`. Other
 * nodes serve the shards of a dead node sooner than that.
 */
const WAIT_MAX_MS = 5_000;
/** Waiting commands are retried this often while the placement does not change. */
const WAIT_RETRY_MS = 25;
/**
 * A call to another node that takes longer has an unknown outcome. The timeout is shorter than the
 * life of a session, so that a reply that was delayed for longer is discarded. A call within this
 * process has no timeout: a local shard may hold a command while it loads or moves.
 */
const ANSWER_TIMEOUT_MS = 2_500;
/** More commands go in further calls: commands and replies must fit into a NATS message (1 MiB). */
const COMMANDS_PER_CALL_MAX = 1_024;

/**
 * While an owner is away the call of every tick fails: the router logs at most once in this time.
 */
const FAILURE_LOG_INTERVAL_MS = 1_000;

const OVERLOADED: CommandReply = refusal('overloaded');
const UNAVAILABLE: CommandReply = refusal('unavailable');

/** Commands that have the same effect when they are executed twice. */
const REPEATABLE: ReadonlySet<DropCommand['type']> = new Set([
  'place-order',
  'settle-payment',
  'get-drop',
  'get-order',
  'get-order-filter',
]);
/** Moleculer's error types for calls that were never sent. */
const NOT_SENT: ReadonlySet<unknown> = new Set([
  'SERVICE_NOT_FOUND',
  'SERVICE_NOT_AVAILABLE',
  'BAD_GATEWAY',
]);

export interface BrokerRouterOptions {
  readonly broker: ServiceBroker;
  readonly owners: OwnerDirectory;
  readonly shardCount: number;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Group {
  readonly nodeId: string;
  readonly commands: DropCommand[];
  readonly sinks: CommandSink[];
  /** The run of the called node; null if it is not known, or for this node itself. */
  run: string | null;
  /** For each command, until when it may be sent again; null for a command sent the first time. */
  readonly deadlines: (number | null)[];
  /** The earliest of the deadlines: the call ends then. */
  earliestDeadline: number;
  /** When the call was sent. All times in this file are monotonic. */
  calledAt: number;
  /** How many more commands the call takes. */
  room: number;
}

interface WaitingCommand {
  readonly command: DropCommand;
  readonly sink: CommandSink;
  readonly deadline: number;
  /** The node that refused the command or did not answer: not called before the next retry. */
  readonly excludedNodeId: string | null;
}

export class BrokerRouter implements CommandRouter {
  readonly #options: BrokerRouterOptions;
  #groups: Group[] = [];
  /** Calls sent and not answered yet. */
  readonly #inFlight = new Set<Group>();
  #outstanding = 0;
  #refused: CommandSink[] = [];
  #flushScheduled = false;
  #waiting: WaitingCommand[] = [];
  #waitTimer: Timer | null = null;
  /** Calls that failed since the last log line about failed calls. */
  #failures = 0;
  #failureLoggedAt = -Infinity;

  constructor(options: BrokerRouterOptions) {
    this.#options = options;
    options.owners.onChange(() => {
      this.#failLostOwners();
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
      this.submit(command, { complete: (reply) => resolve(reply as ReplyTo<C>) });
    });
  }

  #scheduleFlush(): void {
    this.#flushScheduled = true;
    setImmediate(this.#flush);
  }

  /**
   * Owners are few, so a plain list is the fastest index. The reply with an order filter is so
   * large that its command goes in a call of its own.
   */
  #add(nodeId: string, command: DropCommand, sink: CommandSink, deadline: number | null): void {
    const isAlone = command.type === 'get-order-filter';
    let group: Group | undefined;
    for (const candidate of this.#groups) {
      if (candidate.nodeId === nodeId && candidate.room > 0 && !isAlone) group = candidate;
    }
    if (group === undefined) {
      const room = isAlone ? 1 : COMMANDS_PER_CALL_MAX;
      group = {
        nodeId,
        commands: [],
        sinks: [],
        run: null,
        deadlines: [],
        earliestDeadline: Infinity,
        calledAt: 0,
        room,
      };
      this.#groups.push(group);
    }
    group.commands.push(command);
    group.sinks.push(sink);
    group.deadlines.push(deadline);
    group.room -= 1;
    if (deadline !== null && deadline < group.earliestDeadline) group.earliestDeadline = deadline;
  }

  readonly #flush = (): void => {
    this.#flushScheduled = false;
    const groups = this.#groups;
    const refused = this.#refused;
    this.#groups = [];
    this.#refused = [];
    for (const sink of refused) sink.complete(OVERLOADED);
    for (const group of groups) this.#call(group);
  };

  #call(group: Group): void {
    const { broker, clock, owners } = this.#options;
    const { nodeId, commands } = group;
    group.calledAt = clock.monotonic();
    const isHere = nodeId === broker.nodeID;
    if (!isHere) group.run = owners.incarnationOf(nodeId);
    this.#inFlight.add(group);
    broker
      .call<ShardReply[] | RepliesOnWire, ExecuteParams>(
        EXECUTE_ACTION,
        isHere ? { commands } : { packed: packCommands(commands) },
        { nodeID: nodeId, timeout: isHere ? 0 : answerTimeoutMs(group) },
      )
      .then((replies) => (Array.isArray(replies) ? replies : unpackReplies(replies)))
      .then(
        (replies) => {
          if (this.#inFlight.delete(group)) this.#handleReplies(group, replies);
        },
        (error: unknown) => {
          if (this.#inFlight.delete(group)) this.#handleFailure(group, error);
        },
      );
  }

  /** A node without its session sends no more replies: other nodes claim its shards. */
  #failLostOwners(): void {
    const { owners } = this.#options;
    for (const group of this.#inFlight) {
      if (group.run === null || owners.incarnationOf(group.nodeId) === group.run) continue;
      this.#inFlight.delete(group);
      this.#handleFailure(group, new Error('the session of the owner is over'));
    }
  }

  #handleReplies(group: Group, replies: readonly ShardReply[]): void {
    const { sinks } = group;
    for (let i = 0; i < sinks.length; i++) {
      const reply = replies[i]!;
      if (isMoved(reply)) {
        this.#options.owners.ownerReported(reply.shard, reply.nodeId, reply.version);
        this.#sendAgain(group, i, reply.executed === 'no');
      } else this.#complete(sinks[i]!, reply);
    }
  }

  #handleFailure(group: Group, error: unknown): void {
    const notSent = NOT_SENT.has((error as { type?: unknown } | null)?.type);
    this.#logFailure(group, error);
    this.#options.owners.refreshSoon();
    for (let i = 0; i < group.sinks.length; i++) this.#sendAgain(group, i, notSent);
  }

  #logFailure({ nodeId, commands }: Group, error: unknown): void {
    const { clock, log } = this.#options;
    this.#failures += 1;
    if (clock.monotonic() < this.#failureLoggedAt + FAILURE_LOG_INTERVAL_MS) return;
    log.warn(
      { err: error, owner: nodeId, commands: commands.length, failures: this.#failures },
      'an owner of shards did not answer',
    );
    this.#failureLoggedAt = clock.monotonic();
    this.#failures = 0;
  }

  #sendAgain(group: Group, index: number, notExecuted: boolean): void {
    const command = group.commands[index]!;
    const sink = group.sinks[index]!;
    if (notExecuted || REPEATABLE.has(command.type))
      this.#sendOrWait(
        command,
        sink,
        group.deadlines[index] ?? group.calledAt + WAIT_MAX_MS,
        group.nodeId,
      );
    else this.#complete(sink, UNAVAILABLE);
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

/** `ANSWER_TIMEOUT_MS`, but no later than the earliest deadline of the commands. */
function answerTimeoutMs({ earliestDeadline, calledAt }: Group): number {
  return Math.max(1, Math.min(ANSWER_TIMEOUT_MS, earliestDeadline - calledAt));
}

// The command router over the broker: gathers the commands of one event-loop tick for each owner
// into one call, and hands the answers back in order. Measured on 2 cores, a call for each order
// carries tens of thousands of orders a second, and 64 in a call more than half a million.
//
// An owner may be gone, or may say that a shard is served elsewhere. (It is gone as soon as its
// session is over, however long its calls may still take.) Then a command waits here, within a
// deadline, for its shard's next owner, and is sent again as it is: an order keeps its key, so that
// however often it is sent it is made once (O3). What must not be repeated is sent again only where
// it was certainly not executed.

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

/** Commands handed over and not answered yet; past it they are refused as `overloaded` (H6). */
const OUTSTANDING_MAX = 50_000;
/**
 * From when a command was first sent, or could not be, until it is refused as `unavailable`. The
 * shards of a node that dies are served elsewhere sooner.
 */
const WAIT_MAX_MS = 5_000;
/** Between two looks at what waits, when nothing is heard in between. */
const WAIT_LOOK_MS = 25;
/**
 * A call to another node without an answer by then has an unknown outcome. Shorter than a session
 * lives, so that an answer which was held up for long reaches nobody. (A call within the process
 * has no such limit: its shards answer always.)
 */
const ANSWER_TIMEOUT_MS = 2_500;
/**
 * The rest goes in further calls, so that neither commands nor answers outgrow a message of NATS (1
 * MiB).
 */
const COMMANDS_PER_CALL_MAX = 1_024;

/** While an owner is away every tick's call to it fails: that is told once in so long. */
const FAILURE_TOLD_INTERVAL_MS = 1_000;

const OVERLOADED: CommandReply = refusal('overloaded');
const UNAVAILABLE: CommandReply = refusal('unavailable');

/** Executing them twice has the effect of once. */
const REPEATABLE: ReadonlySet<DropCommand['type']> = new Set([
  'place-order',
  'settle-payment',
  'get-drop',
  'get-order',
  'get-order-filter',
]);
/** Moleculer's word for calls that were never sent. */
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
  /** The run of the node that was asked; null: not known, or this node itself. */
  run: string | null;
  /** Beside each command: until when it may be sent again; null where it was not yet. */
  readonly deadlines: (number | null)[];
  /** The first of the deadlines: the call ends then. */
  until: number;
  /** When it was sent, on the monotonic clock, as all times here. */
  calledAt: number;
  /** Further commands that it takes. */
  room: number;
}

interface WaitingForOwner {
  readonly command: DropCommand;
  readonly sink: CommandSink;
  readonly deadline: number;
  /** Who has just refused it or did not answer: asked again only at the next look. */
  readonly notTo: string | null;
}

export class BrokerRouter implements CommandRouter {
  readonly #options: BrokerRouterOptions;
  #groups: Group[] = [];
  /** Called and not answered yet. */
  readonly #underWay = new Set<Group>();
  #outstanding = 0;
  #refused: CommandSink[] = [];
  #flushWanted = false;
  #waiting: WaitingForOwner[] = [];
  #waitTimer: Timer | null = null;
  /** Calls that failed since that was told. */
  #failures = 0;
  #failureToldAt = -Infinity;

  constructor(options: BrokerRouterOptions) {
    this.#options = options;
    options.owners.onChange(() => {
      this.#giveUpLost();
      this.#lookAtWaiting(false);
    });
  }

  /** Commands handed over and not answered yet. */
  get outstanding(): number {
    return this.#outstanding;
  }

  submit(command: DropCommand, sink: CommandSink): void {
    if (!this.#flushWanted) this.#flushSoon();
    if (this.#outstanding >= OUTSTANDING_MAX) {
      this.#refused.push(sink);
      return;
    }
    this.#outstanding += 1;
    const { owners, shardCount } = this.#options;
    const owner = owners.ownerOf(shardOf(command.dropId, shardCount));
    if (owner === null)
      this.#wait(command, sink, this.#options.clock.monotonic() + WAIT_MAX_MS, null);
    else this.#add(owner, command, sink, null);
  }

  send<C extends DropCommand>(command: C): Promise<ReplyTo<C>> {
    return new Promise((resolve) => {
      this.submit(command, { complete: (reply) => resolve(reply as ReplyTo<C>) });
    });
  }

  #flushSoon(): void {
    this.#flushWanted = true;
    setImmediate(this.#flush);
  }

  /**
   * Owners are few, so a plain list is the fastest index. An order filter is so large that it comes
   * alone.
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
        until: Infinity,
        calledAt: 0,
        room,
      };
      this.#groups.push(group);
    }
    group.commands.push(command);
    group.sinks.push(sink);
    group.deadlines.push(deadline);
    group.room -= 1;
    if (deadline !== null && deadline < group.until) group.until = deadline;
  }

  readonly #flush = (): void => {
    this.#flushWanted = false;
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
    this.#underWay.add(group);
    broker
      .call<ShardReply[] | RepliesOnWire, ExecuteParams>(
        EXECUTE_ACTION,
        isHere ? { commands } : { packed: packCommands(commands) },
        { nodeID: nodeId, timeout: isHere ? 0 : answerTimeoutMs(group) },
      )
      .then((replies) => (Array.isArray(replies) ? replies : unpackReplies(replies)))
      .then(
        (replies) => {
          if (this.#underWay.delete(group)) this.#answered(group, replies);
        },
        (error: unknown) => {
          if (this.#underWay.delete(group)) this.#unanswered(group, error);
        },
      );
  }

  /** A node whose session is over answers nobody any more: others have its shards, or soon will. */
  #giveUpLost(): void {
    const { owners } = this.#options;
    for (const group of this.#underWay) {
      if (group.run === null || owners.incarnationOf(group.nodeId) === group.run) continue;
      this.#underWay.delete(group);
      this.#unanswered(group, new Error('the session of the owner is over'));
    }
  }

  #answered(group: Group, replies: readonly ShardReply[]): void {
    const { sinks } = group;
    for (let i = 0; i < sinks.length; i++) {
      const reply = replies[i]!;
      if (isMoved(reply)) {
        this.#options.owners.learn(reply.shard, reply.nodeId, reply.version);
        this.#sendAgain(group, i, reply.executed === 'no');
      } else this.#complete(sinks[i]!, reply);
    }
  }

  #unanswered(group: Group, error: unknown): void {
    const notSent = NOT_SENT.has((error as { type?: unknown } | null)?.type);
    this.#tell(group, error);
    this.#options.owners.doubt();
    for (let i = 0; i < group.sinks.length; i++) this.#sendAgain(group, i, notSent);
  }

  #tell({ nodeId, commands }: Group, error: unknown): void {
    const { clock, log } = this.#options;
    this.#failures += 1;
    if (clock.monotonic() < this.#failureToldAt + FAILURE_TOLD_INTERVAL_MS) return;
    log.warn(
      { err: error, owner: nodeId, commands: commands.length, failures: this.#failures },
      'an owner of shards did not answer',
    );
    this.#failureToldAt = clock.monotonic();
    this.#failures = 0;
  }

  #sendAgain(group: Group, index: number, notExecuted: boolean): void {
    const command = group.commands[index]!;
    const sink = group.sinks[index]!;
    if (notExecuted || REPEATABLE.has(command.type))
      this.#wait(
        command,
        sink,
        group.deadlines[index] ?? group.calledAt + WAIT_MAX_MS,
        group.nodeId,
      );
    else this.#complete(sink, UNAVAILABLE);
  }

  /** Sends the command to its shard's owner as soon as one is known that is not `notTo`. */
  #wait(command: DropCommand, sink: CommandSink, deadline: number, notTo: string | null): void {
    const { clock, owners, shardCount } = this.#options;
    const owner = owners.ownerOf(shardOf(command.dropId, shardCount));
    if (owner !== null && owner !== notTo && clock.monotonic() < deadline) {
      if (!this.#flushWanted) this.#flushSoon();
      this.#add(owner, command, sink, deadline);
      return;
    }
    this.#waiting.push({ command, sink, deadline, notTo });
    if (this.#waitTimer !== null) return;
    this.#waitTimer = clock.after(WAIT_LOOK_MS, () => {
      this.#waitTimer = null;
      this.#lookAtWaiting(true);
    });
  }

  /**
   * At a timed look the one who refused is asked again, too: the shard may have come back to it.
   */
  #lookAtWaiting(timed: boolean): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    const now = this.#options.clock.monotonic();
    for (const one of waiting) {
      if (now >= one.deadline) this.#complete(one.sink, UNAVAILABLE);
      else this.#wait(one.command, one.sink, one.deadline, timed ? null : one.notTo);
    }
    if (timed) this.#options.owners.doubt();
  }

  #complete(sink: CommandSink, reply: CommandReply): void {
    this.#outstanding -= 1;
    sink.complete(reply);
  }
}

/** As long as an answer may take, and no longer than its commands may wait. */
function answerTimeoutMs({ until, calledAt }: Group): number {
  return Math.max(1, Math.min(ANSWER_TIMEOUT_MS, until - calledAt));
}

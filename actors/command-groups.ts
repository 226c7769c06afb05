// Commands on their way to their owners, gathered into calls: those of one event-loop tick go together, and while calls to an owner
// are under way, what comes for it waits and goes as one when the first of them returns. It is the shard's own batching policy one
// step earlier: small calls when idle, large ones under load. A call has a price of its own, whatever is in it: with 64 buyers at
// once, one for each append instead of one for each tick makes five calls into one.
//
// What is gathered never waits long for an owner that is slow: calls that are older than a few milliseconds do not count.

import type { DropCommand } from '../domain/commands.ts';
import type { CommandSink } from './command-router.ts';

/** Within this process: the next call goes when the last has returned, so that each is about one append. */
const CALLS_HERE_MAX = 1;
/** To another node: one travels while the other is appended. */
const CALLS_AWAY_MAX = 2;
/** Above what a group commit usually takes. */
export const GATHER_MAX_MS = 5;
/** The rest goes in further calls, so that neither commands nor answers outgrow a message of NATS (1 MiB). */
const COMMANDS_PER_CALL_MAX = 1_024;

export interface CommandGroup {
  readonly nodeId: string;
  readonly commands: DropCommand[];
  readonly sinks: CommandSink[];
  /** The run of the node that was asked; null: not known, or this node itself. */
  run: string | null;
  /** Beside each command: until when it may be sent again; null where it was not yet. */
  readonly deadlines: (number | null)[];
  /** The first of the deadlines: the call ends then. */
  until: number;
  /** When it was sent, in milliseconds since the Unix epoch. */
  calledAt: number;
  /** Further commands that it takes. */
  room: number;
}

export class CommandGroups {
  readonly #self: string;
  #gathering: CommandGroup[] = [];
  /** Called and not answered yet. */
  readonly #underWay = new Set<CommandGroup>();

  constructor(options: { readonly self: string }) {
    this.#self = options.self;
  }

  get areWaiting(): boolean {
    return this.#gathering.length > 0;
  }

  get underWay(): Iterable<CommandGroup> {
    return this.#underWay;
  }

  /** Owners are few, so a plain list is the fastest index. An order filter is so large that it comes alone. */
  add(nodeId: string, command: DropCommand, sink: CommandSink, deadline: number | null): void {
    const isAlone = command.type === 'get-order-filter';
    let group: CommandGroup | undefined;
    for (const candidate of this.#gathering) {
      if (candidate.nodeId === nodeId && candidate.room > 0 && !isAlone) group = candidate;
    }
    if (group === undefined) {
      group = emptyGroup(nodeId, isAlone ? 1 : COMMANDS_PER_CALL_MAX);
      this.#gathering.push(group);
    }
    group.commands.push(command);
    group.sinks.push(sink);
    group.deadlines.push(deadline);
    group.room -= 1;
    if (deadline !== null && deadline < group.until) group.until = deadline;
  }

  /** Those whose owner may be called `now` (milliseconds since the Unix epoch); they count as under way until `ended`. */
  takeReady(now: number): readonly CommandGroup[] {
    const gathered = this.#gathering;
    if (gathered.length === 0) return gathered;
    this.#gathering = [];
    const ready: CommandGroup[] = [];
    for (const group of gathered)
      (this.#isBusy(group.nodeId, now) ? this.#gathering : ready).push(group);
    for (const group of ready) {
      group.calledAt = now;
      this.#underWay.add(group);
    }
    return ready;
  }

  /** False where it had ended before. */
  ended(group: CommandGroup): boolean {
    return this.#underWay.delete(group);
  }

  #isBusy(nodeId: string, now: number): boolean {
    let room = nodeId === this.#self ? CALLS_HERE_MAX : CALLS_AWAY_MAX;
    for (const call of this.#underWay) {
      // Also where the clock was set back.
      if (call.nodeId === nodeId && Math.abs(now - call.calledAt) < GATHER_MAX_MS) room -= 1;
    }
    return room <= 0;
  }
}

function emptyGroup(nodeId: string, room: number): CommandGroup {
  return {
    nodeId,
    commands: [],
    sinks: [],
    run: null,
    deadlines: [],
    until: Infinity,
    calledAt: 0,
    room,
  };
}

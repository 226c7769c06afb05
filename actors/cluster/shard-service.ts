// The Moleculer service of a node's shards. `execute` takes all commands of one tick of a caller.
// The other actions are for moves between nodes and for operators. Every node also has the service
// that takes late replies to its own calls.

import type { Context, ServiceBroker, ServiceSchema } from 'moleculer';
import type { DropCommand } from '../../contracts/commands.ts';
import {
  type CommandsOnWire,
  packReplies,
  type RepliesOnWire,
  unpackCommands,
} from './execute-wire.ts';
import {
  type CallOfRun,
  LateReplies,
  type LateRepliesOnWire,
  repliesInParts,
} from './late-replies.ts';
import type { MoveAnswer, MovePeers, ShardNode, TakeOver } from './move-protocol.ts';
import type { NodeReport } from '../node-report.ts';
import { verifyActions, type VerifyShards } from './verify-calls.ts';
import type { ShardHost } from '../shard/shard-host.ts';
import type { ReplySink } from '../shard/shard-reply.ts';

export const EXECUTE_ACTION = 'shards.execute';
const PLACEMENT_EVENT = 'placement.changed';

const WARM_TIMEOUT_MS = 10_000;
const TAKE_OVER_TIMEOUT_MS = 3_000;
const REPORT_TIMEOUT_MS = 2_000;

/**
 * From this node itself: the commands, and the sink of their replies. From another node: their
 * packed form, and which call of the caller's it is. A caller of level 1 or below does not say: it
 * takes all replies together. `traces`: of callers that trace, as `joinTraces` makes it; earlier
 * versions pass over it.
 */
export type ExecuteParams = (
  | { readonly commands: readonly DropCommand[]; readonly sink: ReplySink }
  | { readonly packed: CommandsOnWire; readonly caller?: CallOfRun }
) & { readonly traces?: string };

export interface ShardServiceOptions {
  readonly broker: ServiceBroker;
  readonly host: ShardHost;
  /** A single node takes no shards, so it only reports. */
  readonly node: Pick<ShardNode, 'report'> & Partial<ShardNode>;
  readonly verify: VerifyShards;
  /** Stops this process in good order. Its supervisor starts it again. */
  readonly restart: () => void;
}

const ALONE: MoveAnswer = 'it is a single node and has every shard';

export function shardService(options: ShardServiceOptions): ServiceSchema {
  const { broker, host, node, verify, restart } = options;
  const late = new LateReplies({
    send: (nodeId, message) => sendLateReplies(broker, nodeId, message),
  });
  return {
    name: 'shards',
    actions: {
      execute: (context: Context<ExecuteParams>) => execute(host, late, context.params),
      async warm(context: Context<{ shard: number }>) {
        if (!node.warm) return ALONE;
        return await node.warm(context.params.shard);
      },
      async takeOver(context: Context<TakeOver>) {
        if (!node.takeOver) return ALONE;
        return await node.takeOver(context.params);
      },
      report: () => node.report(),
      releaseDrop: ({ params }: Context<{ dropId: string; since?: number }>) =>
        host.releaseQuarantine(params.dropId, params.since),
      ...verifyActions(verify),
      restart({ params }: Context<{ incarnation?: string }>) {
        const { incarnation } = params;
        // Callers of level 3 and below name no run.
        if (incarnation === undefined || incarnation === node.report().incarnation) restart();
        return true;
      },
    },
  };
}

/**
 * Another node gets the replies of the first turn that has any, and late the others; a node of an
 * earlier version gets all when all are there. This node's own sink gets them by itself.
 */
export async function execute(
  host: Pick<ShardHost, 'execute' | 'submit'>,
  late: LateReplies,
  params: ExecuteParams,
): Promise<RepliesOnWire | null> {
  if ('commands' in params) {
    host.submit(params.commands, params.sink, params.traces);
    return null;
  }
  const commands = unpackCommands(params.packed);
  const { caller, traces } = params;
  if (caller === undefined) return packReplies(await host.execute(commands));
  return await repliesInParts(host, { commands, traces }, caller, late);
}

function lateRepliesEvent(nodeId: string): string {
  return `shards.replied.${nodeId}`;
}

/** Only the service of that node subscribes to the event. */
function sendLateReplies(broker: ServiceBroker, nodeId: string, message: LateRepliesOnWire): void {
  broker.broadcast(lateRepliesEvent(nodeId), message).catch((error: unknown) => {
    // As with any lost reply: the caller stops waiting after its timeout.
    broker.logger.debug(`late replies to ${nodeId} could not be sent`, error);
  });
}

/** Takes late replies to the calls of this node's router. */
export function lateRepliesService(options: {
  readonly nodeId: string;
  readonly onReplies: (message: LateRepliesOnWire) => void;
}): ServiceSchema {
  return {
    name: 'late-replies',
    events: {
      [lateRepliesEvent(options.nodeId)]: (context: Context<LateRepliesOnWire>) =>
        options.onReplies(context.params),
    },
  };
}

/** Subscribes to changes of the placement, on every node with a copy of it. */
export function placementService(options: {
  readonly onPlacementChanged: () => void;
}): ServiceSchema {
  return { name: 'placement', events: { [PLACEMENT_EVENT]: () => options.onPlacementChanged() } };
}

/** Calls other nodes over the broker. */
export class BrokerPeers implements MovePeers {
  readonly #broker: ServiceBroker;
  #announceScheduled = false;

  constructor(options: { readonly broker: ServiceBroker }) {
    this.#broker = options.broker;
  }

  warm(nodeId: string, shard: number): Promise<MoveAnswer> {
    return this.#ask(nodeId, 'shards.warm', { shard }, WARM_TIMEOUT_MS);
  }

  takeOver(nodeId: string, request: TakeOver): Promise<MoveAnswer> {
    return this.#ask(nodeId, 'shards.takeOver', request, TAKE_OVER_TIMEOUT_MS);
  }

  /** Announces all changes of one tick once. */
  placementChanged(): void {
    if (this.#announceScheduled) return;
    this.#announceScheduled = true;
    setImmediate(() => {
      this.#announceScheduled = false;
      this.#broker.broadcast(PLACEMENT_EVENT).catch((error: unknown) => {
        // Every node also reads the placement a few times a second.
        this.#broker.logger.debug('a placement change could not be announced', error);
      });
    });
  }

  /** Null if the node does not answer in time. */
  async report(nodeId: string): Promise<NodeReport | null> {
    try {
      return await this.#ask(nodeId, 'shards.report', {}, REPORT_TIMEOUT_MS);
    } catch (error) {
      this.#broker.logger.debug(`${nodeId} does not report its shards`, error);
      return null;
    }
  }

  /** Ends that run of the node, if it goes on. False if the node does not answer in time. */
  async restart(nodeId: string, incarnation: string): Promise<boolean> {
    try {
      return await this.#ask(nodeId, 'shards.restart', { incarnation }, REPORT_TIMEOUT_MS);
    } catch (error) {
      this.#broker.logger.debug(`${nodeId} did not answer to a restart`, error);
      return false;
    }
  }

  /**
   * Whether the drop was in quarantine there since then; null if the node does not answer in time.
   */
  async releaseDrop(nodeId: string, dropId: string, since: number): Promise<boolean | null> {
    try {
      return await this.#ask(nodeId, 'shards.releaseDrop', { dropId, since }, REPORT_TIMEOUT_MS);
    } catch (error) {
      this.#broker.logger.debug(`${nodeId} did not answer to a release of ${dropId}`, error);
      return null;
    }
  }

  #ask<Answer>(nodeId: string, action: string, params: object, timeoutMs: number): Promise<Answer> {
    return this.#broker.call<Answer, object>(action, params, {
      nodeID: nodeId,
      timeout: timeoutMs,
    });
  }
}

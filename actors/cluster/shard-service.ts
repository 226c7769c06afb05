// The Moleculer service of a node's shards. `execute` takes all commands of one tick of a caller.
// The other actions are for moves between nodes and for operators.

import type { Context, ServiceBroker, ServiceSchema } from 'moleculer';
import type { DropCommand } from '../../contracts/commands.ts';
import {
  type CommandsOnWire,
  packReplies,
  type RepliesOnWire,
  unpackCommands,
} from './execute-wire.ts';
import type { MoveAnswer, MovePeers, ShardNode, TakeOver } from './move-protocol.ts';
import type { NodeReport } from '../node-report.ts';
import type { ShardHost } from '../shard/shard-host.ts';
import type { ShardReply } from '../shard/shard-reply.ts';
import type { ShardsVerified } from '../shard/verification.ts';

export const EXECUTE_ACTION = 'shards.execute';
const PLACEMENT_EVENT = 'placement.changed';

const WARM_TIMEOUT_MS = 10_000;
const TAKE_OVER_TIMEOUT_MS = 3_000;
const REPORT_TIMEOUT_MS = 2_000;
/** Replaying large journals takes longer than other calls may. */
const VERIFY_TIMEOUT_MS = 600_000;

/** Objects from this node itself, the packed form from another node. */
export type ExecuteParams =
  | { readonly commands: readonly DropCommand[] }
  | { readonly packed: CommandsOnWire };

export interface ShardServiceOptions {
  readonly host: ShardHost;
  /** A single node takes no shards, so it only reports. */
  readonly node: Pick<ShardNode, 'report'> & Partial<ShardNode>;
  /** Verifies the given shards, except those that this node does not serve. */
  readonly verify: (shards: readonly number[]) => Promise<ShardsVerified>;
  /** Stops this process in good order. Its supervisor starts it again. */
  readonly restart: () => void;
}

const ALONE: MoveAnswer = 'it is a single node and has every shard';

export function shardService({ host, node, verify, restart }: ShardServiceOptions): ServiceSchema {
  return {
    name: 'shards',
    actions: {
      execute: (context: Context<ExecuteParams>) => execute(host, context.params),
      async warm(context: Context<{ shard: number }>) {
        if (!node.warm) return ALONE;
        return await node.warm(context.params.shard);
      },
      async takeOver(context: Context<TakeOver>) {
        if (!node.takeOver) return ALONE;
        return await node.takeOver(context.params);
      },
      report: () => node.report(),
      releaseDrop: (context: Context<{ dropId: string }>) =>
        host.releaseQuarantine(context.params.dropId),
      verify: (context: Context<{ shards: readonly number[] }>) => verify(context.params.shards),
      restart() {
        restart();
        return true;
      },
    },
  };
}

/** Packs the replies if the commands came packed. */
export async function execute(
  host: Pick<ShardHost, 'execute'>,
  params: ExecuteParams,
): Promise<ShardReply[] | RepliesOnWire> {
  return 'commands' in params
    ? await host.execute(params.commands)
    : packReplies(await host.execute(unpackCommands(params.packed)));
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

  /** False if the node does not answer in time. */
  async restart(nodeId: string): Promise<boolean> {
    try {
      return await this.#ask(nodeId, 'shards.restart', {}, REPORT_TIMEOUT_MS);
    } catch (error) {
      this.#broker.logger.debug(`${nodeId} did not answer to a restart`, error);
      return false;
    }
  }

  /** Whether the drop was in quarantine there; null if the node does not answer in time. */
  async releaseDrop(nodeId: string, dropId: string): Promise<boolean | null> {
    try {
      return await this.#ask(nodeId, 'shards.releaseDrop', { dropId }, REPORT_TIMEOUT_MS);
    } catch (error) {
      this.#broker.logger.debug(`${nodeId} did not answer to a release of ${dropId}`, error);
      return null;
    }
  }

  verify(nodeId: string, shards: readonly number[]): Promise<ShardsVerified> {
    return this.#ask(nodeId, 'shards.verify', { shards }, VERIFY_TIMEOUT_MS);
  }

  #ask<Answer>(nodeId: string, action: string, params: object, timeoutMs: number): Promise<Answer> {
    return this.#broker.call<Answer, object>(action, params, {
      nodeID: nodeId,
      timeout: timeoutMs,
    });
  }
}

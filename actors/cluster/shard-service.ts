// The Moleculer face of a node's shards. `execute` takes the commands of one caller's tick
// together; the others are what nodes ask of each other while shards move, and what operators ask.

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

/** From this node itself as they are, from another one as they crossed the network. */
export type ExecuteParams =
  | { readonly commands: readonly DropCommand[] }
  | { readonly packed: CommandsOnWire };

export interface ShardServiceOptions {
  readonly host: ShardHost;
  readonly node: Pick<ShardNode, 'report'> & Partial<ShardNode>;
  /** Verifies those of the shards that this node serves. */
  readonly verify: (shards: readonly number[]) => Promise<ShardsVerified>;
  /** Ends this process in good order, to be started again by whoever supervises it. */
  readonly restart: () => void;
}

const ALONE: MoveAnswer = 'it is alone and has every shard';

export function shardService({ host, node, verify, restart }: ShardServiceOptions): ServiceSchema {
  return {
    name: 'shards',
    actions: {
      execute: (context: Context<ExecuteParams>) => execute(host, context.params),
      warm: async (context: Context<{ shard: number }>) =>
        (await node.warm?.(context.params.shard)) ?? (node.warm ? null : ALONE),
      takeOver: async (context: Context<TakeOver>) =>
        (await node.takeOver?.(context.params)) ?? (node.takeOver ? null : ALONE),
      report: () => node.report(),
      verify: (context: Context<{ shards: readonly number[] }>) => verify(context.params.shards),
      restart() {
        restart();
        return true;
      },
    },
  };
}

/** Answers in the manner of the question. */
export async function execute(
  host: Pick<ShardHost, 'execute'>,
  params: ExecuteParams,
): Promise<ShardReply[] | RepliesOnWire> {
  return 'commands' in params
    ? await host.execute(params.commands)
    : packReplies(await host.execute(unpackCommands(params.packed)));
}

/** Hears that the placement changed, on every node that keeps a copy of it. */
export function placementService(options: { readonly changed: () => void }): ServiceSchema {
  return { name: 'placement', events: { [PLACEMENT_EVENT]: () => options.changed() } };
}

/** What a node says to the others, over the broker. */
export class BrokerPeers implements MovePeers {
  readonly #broker: ServiceBroker;
  #tellWanted = false;

  constructor(options: { readonly broker: ServiceBroker }) {
    this.#broker = options.broker;
  }

  warm(nodeId: string, shard: number): Promise<MoveAnswer> {
    return this.#ask(nodeId, 'shards.warm', { shard }, WARM_TIMEOUT_MS);
  }

  takeOver(nodeId: string, request: TakeOver): Promise<MoveAnswer> {
    return this.#ask(nodeId, 'shards.takeOver', request, TAKE_OVER_TIMEOUT_MS);
  }

  /** All that changes in one tick is told once. */
  placementChanged(): void {
    if (this.#tellWanted) return;
    this.#tellWanted = true;
    setImmediate(() => {
      this.#tellWanted = false;
      this.#broker.broadcast(PLACEMENT_EVENT).catch((error: unknown) => {
        // Everybody looks by himself a few times a second.
        this.#broker.logger.debug('the placement change could not be told', error);
      });
    });
  }

  /** Null where the node does not answer in time. */
  async report(nodeId: string): Promise<NodeReport | null> {
    try {
      return await this.#ask(nodeId, 'shards.report', {}, REPORT_TIMEOUT_MS);
    } catch (error) {
      this.#broker.logger.debug(`${nodeId} does not tell of its shards`, error);
      return null;
    }
  }

  /** False where the node does not answer in time. */
  async restart(nodeId: string): Promise<boolean> {
    try {
      return await this.#ask(nodeId, 'shards.restart', {}, REPORT_TIMEOUT_MS);
    } catch (error) {
      this.#broker.logger.debug(`${nodeId} cannot be asked to restart`, error);
      return false;
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

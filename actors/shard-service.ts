// The Moleculer face of a node's shards: one action that takes the commands of one caller's tick together.

import type { Context, ServiceSchema } from 'moleculer';
import type { DropCommand } from '../domain/commands.ts';
import type { ShardHost } from './shard-host.ts';

export const EXECUTE_ACTION = 'shards.execute';

export interface ExecuteParams {
  readonly commands: readonly DropCommand[];
}

export function shardService(host: ShardHost): ServiceSchema {
  return {
    name: 'shards',
    actions: {
      execute: (context: Context<ExecuteParams>) => host.execute(context.params.commands),
    },
  };
}

// What an owner answers to a router: the drop's own reply, or that the shard is served elsewhere.
// The second never leaves the router.

import type { CommandReply } from '../../contracts/commands.ts';

export interface Moved {
  readonly ok: false;
  readonly code: 'moved';
  readonly shard: number;
  /** Who serves the shard as far as the one who answers knows; null: nobody known. */
  readonly nodeId: string | null;
  /** Of the placement record that says so; the higher is the newer. 0 with `nodeId` null. */
  readonly version: number;
  /**
   * `unknown`: the command was on its way into the journal. Only what may be repeated may then be
   * sent again.
   */
  readonly executed: 'no' | 'unknown';
}

export type ShardReply = CommandReply | Moved;

/** Receives the replies to the commands of one call. */
export interface ReplySink {
  /**
   * `replies[i]` is the reply to the command with the index `indexes[i]`. Each command is replied
   * to once. The lists are the sink's from then on. It must not throw.
   */
  replied(indexes: readonly number[], replies: readonly ShardReply[]): void;
}

export function isMoved(reply: ShardReply): reply is Moved {
  return !reply.ok && reply.code === 'moved';
}

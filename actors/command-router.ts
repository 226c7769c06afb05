// How everybody reaches a drop's actor. The hot path hands over a sink instead of awaiting a
// promise: no closure and no promise for each order. Orders of one event-loop tick travel to their
// owner in one Moleculer call (`actors/cluster/broker-router.ts`).

import type { CommandReply, DropCommand, ReplyTo } from '../contracts/commands.ts';

/**
 * Whoever waits for a reply. Called exactly once, never from inside `submit`, and must not throw.
 */
export interface CommandSink {
  complete(reply: CommandReply): void;
}

export interface CommandRouter {
  /**
   * Hands a command over. The reply comes when its effects are durable, or as `overloaded` or
   * `unavailable` within a deadline.
   */
  submit(command: DropCommand, sink: CommandSink): void;
  /**
   * The same with a promise, for everything that is not hot. Refusals are values; it rejects only
   * for defects.
   */
  send<C extends DropCommand>(command: C): Promise<ReplyTo<C>>;
}

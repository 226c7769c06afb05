// The port that sends commands to a drop's actor. The hot path passes a sink instead of awaiting a
// promise: no closure and no promise for each order. The orders of one event-loop tick travel to
// their owner in one Moleculer call (`actors/cluster/broker-router.ts`).

import type { CommandReply, DropCommand, ReplyTo } from '../contracts/commands.ts';

/**
 * Receives the reply. Called exactly once, never from inside `submit`, and must not throw.
 */
export interface CommandSink {
  complete(reply: CommandReply): void;
  /** Of the span that the command is part of, where this node traces. */
  readonly traceparent?: string | undefined;
}

export interface CommandRouter {
  /**
   * Sends a command. The reply comes when the command's effects are durable, or as `overloaded` or
   * `unavailable` within a deadline.
   */
  submit(command: DropCommand, sink: CommandSink): void;
  /**
   * As `submit`, with a promise, for callers off the hot path. Refusals are values; the promise
   * rejects only for defects.
   */
  send<C extends DropCommand>(command: C): Promise<ReplyTo<C>>;
}

// The messages between the main thread and a gateway thread, over their `ThreadPort`, and what a
// gateway thread is started with. All of it is plain data.

import type { MessagePort } from 'node:worker_threads';
import type { Rings } from '../actors/threads/ring-link.ts';
import type { FromThreadLive, LiveTexts } from '../actors/threads/live-relay.ts';
import type { ActionName } from '../contracts/actions.ts';
import type { Origin } from '../contracts/audit.ts';
import type { CacheEviction } from '../contracts/caches.ts';
import type { DropCommand } from '../contracts/commands.ts';
import type { Limits } from '../contracts/limits.ts';
import type { AccessLine } from '../gateway/http/access-log.ts';
import type { ForwardedRequest, RouteAddress } from '../gateway/http/forwarded.ts';
import type { GatewayMemory } from '../gateway/http/shared-memory.ts';
import type { CountedFlush } from '../storage/ports/analytics.ts';
import type { Config } from './config.ts';

/** What a thread asks: stores and services, and requests that are not its own. */
export type ThreadAsks =
  | {
      readonly of: 'action';
      readonly action: ActionName;
      readonly params: unknown;
      readonly traceparent: string | undefined;
      readonly requestId: string | undefined;
      readonly origin: Origin | undefined;
    }
  | {
      readonly of: 'command';
      readonly command: DropCommand;
      readonly traceparent: string | undefined;
    }
  | { readonly of: 'bus-settled' }
  | { readonly of: 'request'; readonly request: ForwardedRequest }
  | { readonly of: 'chunk'; readonly stream: number }
  | { readonly of: 'ended-sessions'; readonly after: number; readonly count: number }
  | { readonly of: 'restrictions'; readonly after: number; readonly count: number }
  | { readonly of: 'analytics-generation' }
  | {
      readonly of: 'analytics-drops';
      readonly generation: number;
      readonly dropIds: readonly string[];
    }
  | { readonly of: 'analytics-count'; readonly flush: CountedFlush };

export type ThreadTells =
  | FromThreadLive
  /** It serves: what `HttpServer.descriptor` is. */
  | { readonly ready: number }
  | { readonly chosenTraces: readonly string[] }
  | { readonly accessLines: readonly AccessLine[] }
  | { readonly closedStream: number };

export type MainAsks =
  | { readonly of: 'metrics' }
  | { readonly of: 'caches' }
  | { readonly of: 'evict'; readonly eviction: CacheEviction }
  | { readonly of: 'online'; readonly userIds: readonly string[] }
  /** Answered when its connections are closed and everything is passed on. */
  | { readonly of: 'stop' };

export type MainTells =
  | { readonly live: LiveTexts }
  | { readonly gap: true }
  /** Of orders, too long for the ring. */
  | { readonly replies: Uint8Array }
  | { readonly limits: Limits }
  | { readonly mediaOrigin: string | null }
  | { readonly chosenTraces: readonly string[] };

/** Numbers that the main thread writes and gateway threads read. */
export interface NodeState {
  /** The feature level of the store. */
  readonly level: Int32Array;
  /** By how many milliseconds the node's clock is ahead of the machine's. */
  readonly clockAhead: Float64Array;
}

export interface GatewayThreadData {
  readonly config: Config;
  readonly version: string;
  /** The thread's `ThreadPort`. */
  readonly port: MessagePort;
  /** Of its `RingLink`. */
  readonly wakes: MessagePort;
  readonly rings: Rings;
  /** Of its `ThreadLiveBus`. */
  readonly heard: Int32Array;
  readonly memory: GatewayMemory;
  readonly state: NodeState;
  /** Of the main thread's gateway. */
  readonly routes: readonly RouteAddress[];
  readonly limits: Limits;
}

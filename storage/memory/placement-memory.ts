// The placement in memory, for tests and simulation. The caller gives the clock, and every method
// is one step.

import {
  LIVE_SHARDS_MAX,
  LOST_SESSION_RETENTION_MS,
  LOST_SESSIONS_MAX,
  MOVES_RETAINED_MAX,
  type NodeSession,
  type Placement,
  type PlacementChange,
  type PlacementStore,
  SessionLostError,
  type ShardPlacement,
} from '../ports/placement.ts';
import type { MoveRecord } from '../../contracts/operator.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import type { Answered } from '../ports/requests.ts';
import { MemoryRequests } from './requests-memory.ts';

export interface MemoryPlacementStoreOptions {
  /** The store's clock, in milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly lostSessionRetentionMs?: number;
}

interface StoredSession {
  readonly session: NodeSession;
  readonly expiresAt: number;
}

interface Run {
  readonly nodeId: string;
  readonly incarnation: string;
}

export class MemoryPlacementStore implements PlacementStore {
  readonly requests = new MemoryRequests();
  readonly #now: () => number;
  readonly #lostSessionRetentionMs: number;
  readonly #sessions = new Map<string, StoredSession>();
  readonly #shards = new Map<number, ShardPlacement>();
  readonly #pins = new Map<number, string>();
  readonly #drained = new Set<string>();
  /** Newest first. */
  #moves: MoveRecord[] = [];
  #shardCount: number | null = null;
  #level = 0;

  constructor(options: MemoryPlacementStoreOptions) {
    this.#now = options.now;
    this.#lostSessionRetentionMs = options.lostSessionRetentionMs ?? LOST_SESSION_RETENTION_MS;
  }

  async load(): Promise<Placement> {
    const now = this.#now();
    const sessions: NodeSession[] = [];
    const lost: NodeSession[] = [];
    for (const { session, expiresAt } of this.#sessions.values()) {
      if (expiresAt > now) sessions.push(session);
      else if (expiresAt + this.#lostSessionRetentionMs > now) lost.push(session);
    }
    return {
      sessions,
      lost,
      shards: new Map(this.#shards),
      pins: new Map(this.#pins),
      drained: new Set(this.#drained),
      level: this.#level,
    };
  }

  async time(): Promise<number> {
    return this.#now();
  }

  async renewSession(session: NodeSession, ttlMs: number): Promise<number> {
    const now = this.#now();
    const present = this.#sessions.get(session.nodeId);
    const isNew = present?.session.incarnation !== session.incarnation;
    if (present !== undefined && isNew && present.expiresAt > now) {
      const { startedAt, incarnation } = present.session;
      const isLater =
        startedAt > session.startedAt ||
        (startedAt === session.startedAt && incarnation > session.incarnation);
      if (isLater) throw new SessionLostError(`${session.nodeId} has a later run, ${incarnation}`);
    }
    const liveShards = session.liveShards.slice(0, LIVE_SHARDS_MAX);
    this.#sessions.set(session.nodeId, {
      session: { ...session, liveShards },
      expiresAt: now + ttlMs,
    });
    if (isNew) this.#boundLostSessions();
    return now;
  }

  async endSession(nodeId: string, incarnation: string): Promise<void> {
    if (this.#sessions.get(nodeId)?.session.incarnation === incarnation) {
      this.#sessions.delete(nodeId);
    }
  }

  async claimShard(
    shard: number,
    nodeId: string,
    incarnation: string,
    expectedVersion: number,
  ): Promise<number | null> {
    const present = this.#shards.get(shard);
    if ((present?.version ?? 0) !== expectedVersion) return null;
    if (!this.#lives({ nodeId, incarnation })) return null;
    const isOwn = present?.nodeId === nodeId && present.incarnation === incarnation;
    if (present !== undefined && !isOwn && this.#lives(present)) return null;
    return this.#place(shard, { nodeId, incarnation }, expectedVersion + 1);
  }

  async moveShard(
    shard: number,
    from: Run,
    to: Run,
    expectedVersion: number,
  ): Promise<number | null> {
    const present = this.#shards.get(shard);
    if (present === undefined || present.version !== expectedVersion) return null;
    if (present.nodeId !== from.nodeId || present.incarnation !== from.incarnation) return null;
    const isSame = to.nodeId === from.nodeId && to.incarnation === from.incarnation;
    if (isSame || !this.#lives(to)) return null;
    return this.#place(shard, to, expectedVersion + 1);
  }

  async change(change: PlacementChange): Promise<void> {
    this.#change(change);
  }

  async changeOnce(
    request: KeyedRequest,
    change: PlacementChange,
    answer: string,
  ): Promise<Answered<string>> {
    return this.requests.once(request, () => {
      this.#change(change);
      return answer;
    });
  }

  async recordMove(record: MoveRecord): Promise<void> {
    this.#moves = [{ ...record }, ...this.#moves].slice(0, MOVES_RETAINED_MAX);
  }

  async listMoves(limit: number): Promise<MoveRecord[]> {
    return this.#moves.slice(0, Math.max(0, limit));
  }

  async fixShardCount(shardCount: number, levelOfNewStore = 0): Promise<number> {
    if (this.#shardCount === null) {
      this.#shardCount = shardCount;
      this.#level = Math.max(this.#level, levelOfNewStore);
    }
    return this.#shardCount;
  }

  async raiseLevel(level: number): Promise<number> {
    this.#level = Math.max(this.#level, level);
    return this.#level;
  }

  #change({ pins = [], drained }: PlacementChange): void {
    for (const { shard, nodeId } of pins) {
      if (nodeId === null) this.#pins.delete(shard);
      else this.#pins.set(shard, nodeId);
    }
    if (drained?.drained === true) this.#drained.add(drained.nodeId);
    else if (drained !== undefined) this.#drained.delete(drained.nodeId);
  }

  #lives({ nodeId, incarnation }: Run): boolean {
    const present = this.#sessions.get(nodeId);
    return present?.session.incarnation === incarnation && present.expiresAt > this.#now();
  }

  #place(shard: number, { nodeId, incarnation }: Run, version: number): number {
    this.#shards.set(shard, { shard, nodeId, incarnation, version });
    return version;
  }

  /** `load` leaves out the sessions past their retention, so only the number is bounded here. */
  #boundLostSessions(): void {
    const lost = [...this.#sessions]
      .filter(([, { expiresAt }]) => expiresAt <= this.#now())
      .sort(([, a], [, b]) => b.expiresAt - a.expiresAt);
    for (const [nodeId] of lost.slice(LOST_SESSIONS_MAX)) this.#sessions.delete(nodeId);
  }
}

// What operators ask and see (X1 to X3): nodes, shards, moves and runs.

import { Type } from 'typebox';
import type { AuditEntry } from './audit.ts';
import { REBALANCE_MOVES_DEFAULT, SHARD_COUNT_MAX } from './bounds.ts';
import { limit, list } from './paging.ts';
import type { Plain } from './plain.ts';
import { count, id, STRICT, textOrNull, time } from './scalars.ts';
import { SHARD_STATUSES } from './shard-statuses.ts';
import { wire } from './wire.ts';

const perSecond = Type.Number({ minimum: 0 });
export const dryRun = Type.Optional(
  Type.Boolean({ default: false, description: 'only tell what would be done' }),
);

// What is asked

export const Change = Type.Object({ dryRun }, { ...STRICT, title: 'Change' });
export const PinChange = Type.Object({ to: id, dryRun }, { ...STRICT, title: 'PinChange' });
export const RebalanceChange = Type.Object(
  {
    movesMax: Type.Optional(
      Type.Integer({ minimum: 1, maximum: SHARD_COUNT_MAX, default: REBALANCE_MOVES_DEFAULT }),
    ),
    dryRun,
  },
  { ...STRICT, title: 'RebalanceChange' },
);
export const RebuildChange = Type.Object(
  {
    shards: Type.Optional(
      Type.Array(Type.Integer({ minimum: 0, maximum: SHARD_COUNT_MAX - 1 }), {
        minItems: 1,
        maxItems: SHARD_COUNT_MAX,
        uniqueItems: true,
        description: 'all, unless given',
      }),
    ),
    dryRun,
  },
  { ...STRICT, title: 'RebuildChange' },
);

/** Long work that replays journals. */
export const RUN_KINDS = ['verify', 'rebuild'] as const;
export const RunKind = Type.Enum([...RUN_KINDS], { type: 'string' });
export type RunKind = (typeof RUN_KINDS)[number];
const { shards } = RebuildChange.properties;
export const NewRun = Type.Object(
  { kind: RunKind, shards, dryRun },
  { ...STRICT, title: 'NewRun', description: 'shards and dryRun are for rebuild' },
);

// What is answered

export const ShardStatus = Type.Enum([...SHARD_STATUSES], { type: 'string' });
export type ShardStatus = Plain<typeof ShardStatus>;

/** A drop of which nothing is decided, because deciding it threw again and again. */
export const QuarantinedDrop = Type.Object(
  {
    dropId: id,
    /** When the last fault quarantined it. */
    since: time,
    /** What the last fault said. */
    reason: Type.String(),
  },
  { title: 'QuarantinedDrop' },
);
export type QuarantinedDrop = Plain<typeof QuarantinedDrop>;

/** What an actors node tells about one of its shards. */
export const ShardReport = Type.Object({
  shard: count,
  status: ShardStatus,
  /** Why the shard is damaged; null otherwise. */
  fault: textOrNull,
  quarantined: Type.Array(QuarantinedDrop),
  epoch: count,
  sequence: count,
  /** Commands in its mailbox. */
  waiting: count,
  /** Drops in memory, and those of them that are live. */
  drops: count,
  liveDrops: count,
  /** Orders placed a second, over the last few seconds. */
  ordersPerSecond: perSecond,
  /** Events that are durable and not yet taken by every consumer. */
  relayLag: count,
});
export type ShardReport = Plain<typeof ShardReport>;

export const ShardRow = Type.Object(
  {
    ...ShardReport.properties,
    /** Who serves it, or was the last to; null for nobody yet. */
    owner: textOrNull,
    /** Who should. */
    wanted: textOrNull,
    pinned: Type.Boolean(),
    /** Otherwise the figures are zeros and `status` is `stopped`. */
    answered: Type.Boolean({ description: 'false: the owner did not tell of it just now' }),
  },
  { title: 'Shard' },
);
export type ShardRow = Plain<typeof ShardRow>;

export const NodeRow = Type.Object(
  {
    nodeId: Type.String(),
    state: Type.Enum(['serving', 'draining', 'drained', 'leaving', 'lost'], { type: 'string' }),
    incarnation: Type.String({ description: 'another one for each start of the node' }),
    weight: Type.Number(),
    startedAt: time,
    /** Where operators find it. */
    url: textOrNull,
    shardsOwned: count,
    shardsWanted: count,
    liveDrops: count,
    ordersPerSecond: perSecond,
    relayLag: Type.Integer({ minimum: 0, description: 'events not yet in the read models' }),
    /** Null where the node did not answer, or where there are no leases. */
    leaseMs: Type.Union([Type.Number(), Type.Null()]),
    /** Null where the node did not answer or is of an older version, and for one node alone. */
    clockSkewMs: Type.Union([Type.Number(), Type.Null()], {
      description: 'its clock less the time of the store',
    }),
    level: Type.Integer({ minimum: 0, description: 'the feature level that it reads' }),
  },
  { title: 'Node' },
);
export type NodeRow = Plain<typeof NodeRow>;

/** How one move of a shard ended (W6). */
export const MoveRecord = Type.Object(
  {
    id: Type.String(),
    shard: count,
    from: Type.String(),
    to: Type.String(),
    startedAt: time,
    endedAt: time,
    /**
     * From the end of admission at the source until the target served; null where it never ended.
     */
    blackoutMs: Type.Union([Type.Number({ minimum: 0 }), Type.Null()]),
    result: Type.Enum(['done', 'rolled-back', 'abandoned'], { type: 'string' }),
    /** One sentence: why it was made and, where it was not done, why not. */
    reason: Type.String(),
  },
  { title: 'Move' },
);
export type MoveRecord = Plain<typeof MoveRecord>;

export const PlannedMove = Type.Object(
  {
    shard: count,
    /** Null where nobody living serves it. */
    from: textOrNull,
    to: Type.String(),
    /** One sentence. */
    reason: Type.String(),
  },
  { title: 'PlannedMove' },
);
export type PlannedMove = Plain<typeof PlannedMove>;

const applied = Type.Boolean({ description: 'false for a dry run' });

export const MovePlan = Type.Object(
  { applied, moves: Type.Array(PlannedMove) },
  { title: 'MovePlan' },
);
export type MovePlan = Plain<typeof MovePlan>;

export const RunProgress = Type.Object(
  {
    phase: Type.Union([Type.Literal('drops'), Type.Literal('lists'), Type.Literal('rows')], {
      description:
        'drops: journals are replayed and compared with live drops; lists: journals are replayed ' +
        'for what lists, feeds and analytics must have; rows: that is compared with what users ' +
        'have',
    }),
    shards: Type.Integer({ minimum: 0, description: 'of this phase; 0 where it goes by user' }),
    shardsDone: count,
    total: Type.Integer({ minimum: 0, description: 'journal entries, or groups of users' }),
    done: count,
  },
  { title: 'RunProgress' },
);
export type RunProgress = Plain<typeof RunProgress>;

export const RebuiltShard = Type.Object(
  {
    shard: count,
    entries: Type.Integer({ minimum: 0, description: 'of the journal, that were compared' }),
    orders: Type.Integer({ minimum: 0, description: 'that the lists did not have' }),
    notifications: Type.Integer({ minimum: 0, description: 'that the feeds did not have' }),
    reason: Type.Union([Type.String(), Type.Null()], {
      description: 'why not all of it was compared; null: all was',
    }),
  },
  { title: 'RebuiltShard' },
);
export type RebuiltShard = Plain<typeof RebuiltShard>;

export const RebuildReport = Type.Object(
  { applied, shards: Type.Array(RebuiltShard) },
  { title: 'RebuildReport' },
);
export type RebuildReport = Plain<typeof RebuildReport>;

export const VerifyReport = Type.Object(
  {
    ok: Type.Boolean(),
    /** Shards with entries in their journal. */
    shards: count,
    entries: count,
    drops: count,
    orders: count,
    /** One sentence for each thing that does not agree; empty when all is well. */
    findings: Type.Array(Type.String()),
  },
  { title: 'VerifyReport' },
);
export type VerifyReport = Plain<typeof VerifyReport>;

/** How a run ended. */
export const RunEnd = Type.Union([
  Type.Object({
    type: Type.Literal('report'),
    report: Type.Union([VerifyReport, RebuildReport]),
  }),
  Type.Object({ type: Type.Literal('cancelled'), reason: Type.String() }),
  Type.Object({
    type: Type.Literal('failed'),
    code: Type.Union([Type.Literal('unavailable'), Type.Literal('internal')]),
  }),
]);
export type RunEnd = Plain<typeof RunEnd>;
export type RunReport = VerifyReport | RebuildReport;

export const RunState = Type.Object(
  {
    id,
    kind: RunKind,
    /** The user id in the operator's token. */
    startedBy: Type.String(),
    startedAt: time,
    progress: Type.Union([RunProgress, Type.Null()]),
    /** Written as it is: it has no times, and `wire` knows no choice between objects. */
    end: Type.Unsafe<RunEnd | null>({
      anyOf: [...RunEnd.anyOf, Type.Null()],
      description: 'null: the run is under way',
    }),
  },
  { title: 'Run' },
);
export type RunState = Plain<typeof RunState>;

/** What one node found in those of the shards that it serves. */
export interface ShardsVerified extends VerifyReport {
  readonly verified: readonly number[];
}

/** An entry of the audit log, as nodes ask for it that know no other entries than operators'. */
export interface OperatorAction {
  readonly id: string;
  readonly at: number;
  readonly operatorId: string;
  readonly action: string;
  readonly params: AuditEntry['params'];
  readonly result: string;
}

// On the wire

export const ShardQuery = Type.Object(
  { node: Type.Optional(id), state: Type.Optional(ShardStatus) },
  STRICT,
);
export const MoveQuery = Type.Object({ limit }, STRICT);
export const NodeList = list(wire(NodeRow), 'NodeList');
export const ShardList = list(wire(ShardRow), 'ShardList');
export const MoveList = list(wire(MoveRecord), 'MoveList');
export const RunBody = wire(RunState);
export const RunList = list(RunBody, 'RunList');

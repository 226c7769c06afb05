// The shapes of the operators' part of the REST contract, beside those of `schemas.ts`.

import { Type } from 'typebox';
import { SHARD_COUNT } from '../domain/ids.ts';
import { SHARD_STATUSES } from '../services/contracts.ts';
import { count, id, limit, list, STRICT, time } from './schemas.ts';

export const MOVES_MAX_DEFAULT = 10;

const nodeOrNull = Type.Union([Type.String(), Type.Null()]);
const dryRun = Type.Optional(
  Type.Boolean({ default: false, description: 'only tell what would be done' }),
);
const shardStatus = Type.String({ enum: [...SHARD_STATUSES] });

// What is asked

export const Change = Type.Object({ dryRun }, { ...STRICT, title: 'Change' });
export const PinChange = Type.Object({ to: id, dryRun }, { ...STRICT, title: 'PinChange' });
export const RebalanceChange = Type.Object(
  {
    movesMax: Type.Optional(
      Type.Integer({ minimum: 1, maximum: SHARD_COUNT, default: MOVES_MAX_DEFAULT }),
    ),
    dryRun,
  },
  { ...STRICT, title: 'RebalanceChange' },
);
export const RebuildChange = Type.Object(
  {
    shards: Type.Optional(
      Type.Array(Type.Integer({ minimum: 0, maximum: SHARD_COUNT - 1 }), {
        minItems: 1,
        maxItems: SHARD_COUNT,
        uniqueItems: true,
        description: 'all, unless given',
      }),
    ),
    dryRun,
  },
  { ...STRICT, title: 'RebuildChange' },
);
export const ShardQuery = Type.Object(
  { node: Type.Optional(id), state: Type.Optional(shardStatus) },
  STRICT,
);
export const MoveQuery = Type.Object({ limit }, STRICT);

// What is answered

export const NodeList = list(
  Type.Object(
    {
      nodeId: Type.String(),
      state: Type.String({ enum: ['serving', 'draining', 'drained', 'leaving', 'lost'] }),
      incarnation: Type.String({ description: 'another one for each start of the node' }),
      weight: Type.Number(),
      startedAt: time,
      url: Type.Union([Type.String(), Type.Null()]),
      shardsOwned: count,
      shardsWanted: count,
      liveDrops: count,
      ordersPerSecond: Type.Number({ minimum: 0 }),
      relayLag: Type.Integer({ minimum: 0, description: 'events not yet in the read models' }),
      leaseMs: Type.Union([Type.Number(), Type.Null()]),
      level: Type.Integer({ minimum: 0, description: 'the feature level that it reads' }),
    },
    { title: 'Node' },
  ),
  'NodeList',
);
export const ShardList = list(
  Type.Object(
    {
      shard: count,
      status: shardStatus,
      fault: Type.Union([Type.String(), Type.Null()]),
      epoch: count,
      sequence: count,
      waiting: count,
      drops: count,
      liveDrops: count,
      ordersPerSecond: Type.Number({ minimum: 0 }),
      relayLag: count,
      owner: nodeOrNull,
      wanted: nodeOrNull,
      pinned: Type.Boolean(),
      answered: Type.Boolean({ description: 'false: the owner did not tell of it just now' }),
    },
    { title: 'Shard' },
  ),
  'ShardList',
);
export const MoveList = list(
  Type.Object(
    {
      id: Type.String(),
      shard: count,
      from: Type.String(),
      to: Type.String(),
      startedAt: time,
      endedAt: time,
      blackoutMs: Type.Union([Type.Number({ minimum: 0 }), Type.Null()]),
      result: Type.String({ enum: ['done', 'rolled-back', 'abandoned'] }),
      reason: Type.String(),
    },
    { title: 'Move' },
  ),
  'MoveList',
);
export const MovePlan = Type.Object(
  {
    applied: Type.Boolean({ description: 'false for a dry run' }),
    moves: Type.Array(
      Type.Object(
        { shard: count, from: nodeOrNull, to: Type.String(), reason: Type.String() },
        { title: 'PlannedMove' },
      ),
    ),
  },
  { title: 'MovePlan' },
);
export const RebuildReport = Type.Object(
  {
    applied: Type.Boolean({ description: 'false for a dry run' }),
    shards: Type.Array(
      Type.Object(
        {
          shard: count,
          entries: Type.Integer({ minimum: 0, description: 'of the journal, that were compared' }),
          orders: Type.Integer({ minimum: 0, description: 'that the lists did not have' }),
          notifications: Type.Integer({
            minimum: 0,
            description: 'that the feeds did not have',
          }),
          reason: Type.Union([Type.String(), Type.Null()], {
            description: 'why not all of it was compared; null: all was',
          }),
        },
        { title: 'RebuiltShard' },
      ),
    ),
  },
  { title: 'RebuildReport' },
);
export const ActionPage = list(
  Type.Object(
    {
      id: Type.String(),
      at: time,
      operatorId: Type.String(),
      action: Type.String(),
      params: Type.Record(
        Type.String(),
        Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]),
      ),
      result: Type.String(),
    },
    { title: 'OperatorAction' },
  ),
  'ActionPage',
);
export const VerifyReport = Type.Object(
  {
    ok: Type.Boolean(),
    shards: count,
    entries: count,
    drops: count,
    orders: count,
    findings: Type.Array(Type.String()),
  },
  { title: 'VerifyReport' },
);

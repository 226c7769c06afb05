// What the REST API for operators answers with, as its client reads it: contracts whose times are
// RFC 3339 text.

import type { SearchNodeList } from '../contracts/search.ts';
import type { Static } from 'typebox';
import type { JobBody } from '../contracts/jobs.ts';
import type { OperatorRow } from '../contracts/operator-accounts.ts';
import type {
  MoveRecord,
  NodeRow,
  QuarantinedDrop,
  RunState,
  ShardRow,
} from '../contracts/operator.ts';
import type { PaymentProblem } from '../contracts/payment-problems.ts';
import type { ParkedRefund } from '../contracts/refunds.ts';
import type {
  BanPage,
  ChangedSellerBody,
  MadeBanBody,
  MadeTakeDownBody,
  NewBanBody,
  SellerBody,
  TakeDownPage,
} from '../contracts/restrictions.ts';

/** A node as HTTP shows it: times are RFC 3339 text. */
export type NodeInfo = Omit<NodeRow, 'startedAt' | 'level'> & {
  readonly startedAt: string;
  /** A gateway of level 0 leaves it out. */
  readonly level?: number;
};
/** A shard as HTTP shows it: times are RFC 3339 text. */
export type ShardInfo = Omit<ShardRow, 'quarantined'> & {
  /** A gateway of an earlier version leaves it out. */
  readonly quarantined?: readonly (Omit<QuarantinedDrop, 'since'> & { readonly since: string })[];
};
/** A finished move as HTTP shows it: times are RFC 3339 text. */
export type MoveInfo = Omit<MoveRecord, 'startedAt' | 'endedAt'> & {
  readonly startedAt: string;
  readonly endedAt: string;
};

/** A parked refund as HTTP shows it: times are RFC 3339 text. */
export type RefundInfo = Omit<
  ParkedRefund,
  'firstAttemptAt' | 'lastAttemptAt' | 'parkedAt' | 'nextAttemptAt' | 'revision'
> & {
  readonly firstAttemptAt: string;
  readonly lastAttemptAt: string;
  readonly parkedAt: string;
  readonly nextAttemptAt: string | null;
};

/** A payment to look at as HTTP shows it: times are RFC 3339 text. */
export type ProblemInfo = Omit<PaymentProblem, 'openedAt' | 'closedAt'> & {
  readonly openedAt: string;
  readonly closedAt: string | null;
};

/** An operator as HTTP shows it: times are RFC 3339 text. */
export type OperatorInfo = Omit<OperatorRow, 'addedAt'> & { readonly addedAt: string };

/** A ban as HTTP shows it: times are RFC 3339 text. */
export type BanInfo = Static<typeof BanPage>['items'][number];
export type MadeBanInfo = Static<typeof MadeBanBody>;
export type NewBanInfo = Static<typeof NewBanBody>;

/** A node's search index as HTTP shows it. */
export type SearchNodeInfo = Static<typeof SearchNodeList>['items'][number];

/** A seller and a take-down as HTTP shows them. */
export type SellerInfo = Static<typeof SellerBody>;
export type ChangedSellerInfo = Static<typeof ChangedSellerBody>;
export type TakeDownInfo = Static<typeof TakeDownPage>['items'][number];
export type MadeTakeDownInfo = Static<typeof MadeTakeDownBody>;

/** A job as HTTP shows it. */
export type JobInfo = Static<typeof JobBody>;

export interface JobChangeInfo {
  readonly applied: boolean;
  readonly job: JobInfo;
}

export interface RefundChangeInfo {
  readonly applied: boolean;
  readonly refund: RefundInfo;
}

/** A run as HTTP shows it: times are RFC 3339 text. */
export type RunInfo = Omit<RunState, 'startedAt'> & { readonly startedAt: string };

// The values that other parts of a node give to /metrics. They are functions that return plain data
// and are called only when /metrics is read, so they cost nothing while orders are placed. A node
// without some part leaves its values out.

import type { MetricValue } from 'prom-client';
import type { JobKind } from '../../contracts/jobs.ts';
import type { DurationSample } from '../../domain/duration-counts.ts';
import type { LedgerSample } from './ledger-metrics.ts';
import type { MediaSample } from './media-metrics.ts';
import type { PushSample } from './push-metrics.ts';
import type { ReachSample } from './reach-metrics.ts';
import type { SearchSample } from './search-metrics.ts';
import type { TraceSample } from './trace-metrics.ts';
import type { WebhookMetricsSample } from './webhook-metrics.ts';

export interface ShardSample {
  readonly status: string;
  /** Commands in the shard's mailbox. */
  readonly waiting: number;
  /** The drops in quarantine. */
  readonly quarantined: readonly unknown[];
  /** Drops in memory, and those of them that are live. */
  readonly drops: number;
  readonly liveDrops: number;
}

/** What the shards of this node did since the start. */
export interface SaleSample {
  readonly commandsDecided: number;
  readonly ordersPlaced: number;
  /** The longest wait in a mailbox, of each batch. */
  readonly mailboxWaits: DurationSample;
}

export interface JournalSample {
  readonly appends: DurationSample;
  /** Entries that are not durable yet. */
  readonly waiting: number;
  /** Appends that failed, and bytes that were appended, since the start. */
  readonly failures: number;
  readonly bytes: number;
}

/** Of each file of SQLite. */
export interface CommitSample {
  readonly file: 'journal' | 'catalogue' | 'projections' | 'analytics';
  readonly commits: DurationSample;
}

/** A thread of the process, or several of one name, since the start. */
export interface ThreadSample {
  readonly thread: string;
  readonly cpuSeconds: number;
  /** How long its event loop had something to do; null where that is not known. */
  readonly activeSeconds: number | null;
}

export interface DiskSample {
  readonly freeBytes: number;
  readonly sizeBytes: number;
}

/** The process as a whole. */
export interface NodeSample {
  readonly version: string;
  readonly profile: 'embedded' | 'cluster';
  readonly nodeId: string;
  readonly threads: () => Promise<readonly ThreadSample[]>;
  /** Null where it cannot be read. */
  readonly disk: () => Promise<DiskSample | null>;
}

/** A node's view of its cluster. */
export interface ClusterSample {
  /** This machine's clock less the store's time; null while that is unknown. */
  readonly clockSkewMs: number | null;
  /** Nodes with actors that live; null while the placement is unknown. */
  readonly nodes: number | null;
  readonly shardsWithoutOwner: number;
  readonly natsConnected: boolean;
  /** Redis may lose what it acknowledges, which was accepted. */
  readonly redisWeak: boolean;
  /** Null where the node has no actors. */
  readonly leaseValid: boolean | null;
}

export interface RelayLagSample {
  readonly consumer: string;
  /** Durable facts in memory that wait for the consumer. */
  readonly facts: number;
  /** Durable entries that the consumer has yet to read from journals. */
  readonly entries: number;
  /** Shards whose journal the consumer reads to catch up. */
  readonly shardsBehind: number;
  /** How long the oldest waiting fact or entry has waited, in milliseconds. */
  readonly ms: number;
}

export interface LiveSample {
  readonly connections: number;
  readonly topics: { readonly drops: number; readonly creators: number; readonly users: number };
  /** Since the start, like all fields below. */
  readonly framesPublished: number;
  readonly framesDropped: number;
  readonly notificationsSent: number;
  /** Connections ended by the server, by close code. */
  readonly closed: Readonly<Record<number, number>>;
}

/** Of a main thread whose gateway threads have all streams. */
export const NO_STREAMS: LiveSample = {
  connections: 0,
  topics: { drops: 0, creators: 0, users: 0 },
  framesPublished: 0,
  framesDropped: 0,
  notificationsSent: 0,
  closed: {},
};

export interface LimitSample {
  /** The policy's name. */
  readonly limit: string;
  readonly keys: number;
  /** Requests refused since the start. */
  readonly refused: number;
}

export interface IssuerKeysSample {
  readonly issuer: string;
  /** Since its keys were fetched, in milliseconds; null: never yet. */
  readonly ageMs: number | null;
}

/** Refunds of the whole store that are not made, by state. */
export interface RefundSample {
  readonly parked: number;
  readonly retrying: number;
}

/** Jobs of the whole store. */
export interface JobSample {
  readonly kind: string;
  readonly state: string;
  readonly count: number;
}

/** What this node compared with its truth since its start. */
export interface ReconcileSample {
  readonly kind: string;
  readonly compared: number;
  readonly mended: number;
}

/** Payments of the whole store that operators must look at. */
export interface ProblemSample {
  readonly kind: string;
  readonly open: boolean;
  readonly count: number;
}

/** What this node's archiver did since the start. */
export interface ArchiveSample {
  readonly entries: number;
  readonly bytes: number;
  readonly failures: number;
  /** When the last pass over all shards ended, in milliseconds since the Unix epoch; 0 for none. */
  readonly passedAt: number;
}

/** For how long the job of a kind has been due that is due longest. */
export interface OverdueSample {
  readonly kind: JobKind;
  readonly ms: number;
}

/** A metric of a gateway thread, as `prom-client` has it. */
export interface ThreadMetric {
  readonly name: string;
  readonly values: readonly MetricValue<string>[];
}

export interface MetricSources {
  /** What gateway threads counted, to be added; absent where there are none. */
  readonly gatewayThreads?: () => Promise<readonly ThreadMetric[]>;
  /** Absent only in tests. */
  readonly node?: NodeSample;
  readonly cluster?: () => ClusterSample;
  /** Commands to owners of shards without an answer yet, in a cluster. */
  readonly routerWaiting?: () => number;
  /** Read anew each time. */
  readonly archive?: ArchiveSample;
  readonly media?: () => MediaSample;
  readonly ledger?: () => LedgerSample;
  readonly search?: SearchSample;
  readonly push?: PushSample;
  readonly reach?: ReachSample;
  readonly webhooks?: () => WebhookMetricsSample;
  /** Null while unknown. */
  readonly jobs?: () => readonly JobSample[] | null;
  readonly jobsOverdue?: () => readonly OverdueSample[];
  readonly reconciled?: () => readonly ReconcileSample[];
  /** Null while unknown. */
  readonly refunds?: () => RefundSample | null;
  /** Null while unknown. */
  readonly paymentProblems?: () => readonly ProblemSample[] | null;
  /** Payments that did not pay for their order, by reason, since the start. */
  readonly rejectedPayments?: () => Readonly<Record<string, number>>;
  /** Calls of the payment provider that are not finished, by what they ask for. */
  readonly paymentCalls?: () => Readonly<Record<string, number>>;
  readonly shards?: () => readonly ShardSample[];
  readonly sale?: () => SaleSample;
  readonly journal?: () => JournalSample;
  readonly commits?: () => readonly CommitSample[];
  readonly relay?: () => readonly RelayLagSample[];
  readonly followerPages?: () => DurationSample;
  readonly live?: () => LiveSample;
  readonly limits?: () => readonly LimitSample[];
  readonly issuerKeys?: () => readonly IssuerKeysSample[];
  readonly traces?: () => TraceSample;
  /** Lines of the access log that were lost since the start. */
  readonly accessLogDropped?: () => number;
}

// What the parts of a node give to its metrics. Nothing is read before a scrape.

import { statfs } from 'node:fs/promises';
import type { ReconcileCount } from '../contracts/reconcile.ts';
import type { MediaSample } from '../gateway/metrics/media-metrics.ts';
import type { DiskSample, LiveSample, MetricSources } from '../gateway/metrics/metric-sources.ts';
import type { LedgerSample } from '../gateway/metrics/ledger-metrics.ts';
import type { SearchSample } from '../gateway/metrics/search-metrics.ts';
import type { Config } from './config.ts';
import type { LedgerThread } from './ledger.ts';
import type { NodeCore } from './node-core.ts';
import type { NodeSearch } from './search.ts';
import type { NodeTracing } from './tracing.ts';
import type { ThreadMeter } from './thread-meter.ts';

export interface MetricSourcesOptions {
  readonly config: Config;
  readonly version: string;
  readonly core: NodeCore;
  readonly threads: ThreadMeter;
  readonly traces: Pick<NodeTracing, 'sample' | 'accessLogDropped'>;
  readonly live: () => LiveSample;
  /** Null where this node has no media process. */
  readonly media: (() => MediaSample) | null;
}

export function metricSources(options: MetricSourcesOptions): MetricSources {
  const { config, version, core, threads, traces, live, media } = options;
  const { host, relay, offLoop, webhooks, ledger, search, cluster, commits } = core;
  const { jobCounts, jobsOverdue, reconciled, problemCounts } = core;
  const { unmadeRefunds, rejectedPayments, paymentCalls } = core;
  return {
    node: {
      version,
      profile: cluster === null ? 'embedded' : 'cluster',
      nodeId: config.nodeId,
      threads: () => threads.sample(),
      disk: () => diskOf(config.dataDirectory),
    },
    live,
    relay: () => [...(relay?.lag() ?? []), ...(offLoop?.lag() ?? []), ...(webhooks?.lag() ?? [])],
    followerPages: core.followerPages,
    reconciled: () => [...(reconciled?.() ?? []), ...searchCounts(search)],
    ...(cluster !== null && { cluster, routerWaiting: () => core.router.outstanding }),
    ...(commits !== null && { commits }),
    ...(host !== null && {
      shards: () => host.report(),
      sale: () => host.counts(),
      journal: () => core.journal.counts(),
    }),
    ...(unmadeRefunds !== null && { refunds: unmadeRefunds }),
    ...(problemCounts !== null && { paymentProblems: problemCounts }),
    ...(rejectedPayments !== null && { rejectedPayments }),
    ...(paymentCalls !== null && { paymentCalls }),
    ...(jobCounts !== null && { jobs: jobCounts }),
    ...(jobsOverdue !== null && { jobsOverdue }),
    ...(core.reach !== null && { reach: core.reach }),
    ...(core.archiveCounts !== null && { archive: core.archiveCounts }),
    ...(ledger !== null && { ledger: () => ledgerSample(ledger) }),
    ...(media !== null && { media }),
    ...(search !== null && { search: searchSample(search) }),
    ...(core.push !== null && { push: core.push.sample }),
    ...(webhooks !== null && { webhooks: () => webhooks.meter.sample() }),
    ...(traces.sample !== null && { traces: traces.sample }),
    ...(traces.accessLogDropped !== null && { accessLogDropped: traces.accessLogDropped }),
    ...(config.issuers.length > 0 && { issuerKeys: core.tokens.issuerKeys }),
  };
}

function ledgerSample({ report, lateMs }: LedgerThread): LedgerSample {
  return report ?? { isWriting: false, behind: 0, lagMs: lateMs ?? 0, size: 0, stuck: 0 };
}

/** What the search index of this node compared with its truth. */
function searchCounts(search: NodeSearch | null): readonly ReconcileCount[] {
  const index = search?.status() ?? null;
  if (index === null) return [];
  return [{ kind: 'search', compared: index.compared ?? 0, mended: index.mended ?? 0 }];
}

function searchSample({ status, lateMs, useCases }: NodeSearch): SearchSample {
  return { status, lateMs, waiting: () => useCases.waiting, durations: () => useCases.durations() };
}

/** Null where it cannot be read. */
async function diskOf(path: string): Promise<DiskSample | null> {
  try {
    const { bavail, blocks, bsize } = await statfs(path);
    return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
  } catch {
    return null;
  }
}

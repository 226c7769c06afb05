// The search index of a node: a thread that fills it, one that asks it, and the service in front.

import { join } from 'node:path';
import type { ServiceSchema } from 'moleculer';
import type { Logger } from 'pino';
import { systemClock } from '../actors/clock.ts';
import { SearchUseCases } from '../app/search.ts';
import type { SearchNodeStatus } from '../contracts/search.ts';
import type { RestrictionSet } from '../events/restriction-set.ts';
import { searchService } from '../services/search.ts';
import { openSearchReader } from '../storage/sqlite/search/search-reader-sqlite.ts';
import type { Config } from './config.ts';
import { OffLoopThread } from './off-loop-thread.ts';

/** The message by which the thread makes its index anew. */
export const REBUILD = 'rebuild';

/** The `workerData` of the thread. */
export interface SearchThreadData {
  readonly config: Config;
  readonly folder: string;
}

export interface NodeSearch {
  readonly service: ServiceSchema;
  /** Null while the index is being opened. */
  readonly status: () => SearchNodeStatus | null;
  /** How far behind the index is where its thread does not tell, in milliseconds; else null. */
  readonly lateMs: () => number | null;
  readonly useCases: Pick<SearchUseCases, 'waiting' | 'durations'>;
  start(): void;
  /** Ends the thread that fills the index; it is still asked. */
  stopThread(): Promise<void>;
  stop(): Promise<void>;
}

/** Null where the node's roles do not include it. */
export function createSearch(options: {
  readonly config: Config;
  readonly restrictions: RestrictionSet;
  readonly log: Logger;
}): NodeSearch | null {
  const { config, restrictions: hidden, log } = options;
  if (!config.roles.includes('search')) return null;
  const folder = join(config.dataDirectory, 'search');
  const data: SearchThreadData = { config, folder };
  const thread = new OffLoopThread<SearchNodeStatus>({
    name: 'search',
    program: new URL('search-program.ts', import.meta.url),
    data,
    serve: null,
    lag: {
      of: ({ lagMs }) => lagMs,
      with: (status, ms) => ({ ...status, lagMs: Math.round(ms) }),
    },
    clock: systemClock,
    log,
  });
  const reader = openSearchReader({ folder });
  const status = () => thread.report;
  const useCases = new SearchUseCases({
    reader,
    nodeId: config.nodeId,
    status,
    rebuild: () => thread.post(REBUILD),
    hidden,
    clock: systemClock,
  });
  return {
    service: searchService(useCases),
    status,
    lateMs: () => thread.lateMs,
    useCases,
    start: () => thread.start(),
    stopThread: () => thread.stop(),
    async stop() {
      await useCases.stop();
      await Promise.all([thread.stop(), reader.close()]);
    },
  };
}

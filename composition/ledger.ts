// The ledger of this process: its tiles, and the thread that writes it.

import type { MessagePort } from 'node:worker_threads';
import type { Logger } from 'pino';
import { systemClock } from '../actors/clock.ts';
import type { SaleMeter } from '../actors/sale-meter.ts';
import type { LedgerReport } from '../events/ledger/ledger-runner.ts';
import { answerLedger, type LedgerQuestion } from '../events/ledger/remote-ledger.ts';
import { StoredLedger } from '../events/ledger/stored-ledger.ts';
import { answerQuestions } from '../events/port-questions.ts';
import type { Blobs } from '../storage/ports/blobs.ts';
import type { Stores } from '../storage/ports/stores.ts';
import { openBlobs } from './blobs.ts';
import type { BlobsConfig, Config } from './config.ts';
import { OffLoopThread } from './off-loop-thread.ts';

/** Where tiles are. Null: there is no ledger, or no place for it. */
export function ledgerBlobs({ ledger, media }: Config): BlobsConfig | null {
  return ledger ? (media?.blobs ?? null) : null;
}

/** Null where there is no ledger. */
export function openLedger(config: Config, { ledger: store }: Stores): StoredLedger | null {
  const place = ledgerBlobs(config);
  if (place === null) return null;
  let opened: Promise<Blobs> | null = null;
  const blobs: Pick<Blobs, 'get' | 'name'> = {
    name: place.kind === 'folder' ? place.folder : place.bucket,
    async get(key, range) {
      opened ??= openBlobs(place);
      return await (await opened).get(key, range);
    },
  };
  return new StoredLedger({ store, blobs });
}

/** The `workerData` of the thread. */
export interface LedgerThreadData {
  readonly config: Config;
  readonly shardCount: number;
  /** `SaleMeter.shared` of this process. */
  readonly saleMeter: SharedArrayBuffer;
  /** For `RemoteLedgerStore` and `RemoteAuditLog`. */
  readonly port: MessagePort;
}

export type LedgerThread = OffLoopThread<LedgerReport>;

/** Null where there is no ledger. */
export function createLedgerThread(options: {
  readonly config: Config;
  readonly shardCount: number;
  readonly stores: Pick<Stores, 'ledger' | 'auditLog'>;
  readonly meter: SaleMeter;
  readonly log: Logger;
}): LedgerThread | null {
  const { config, shardCount, stores, meter, log } = options;
  if (ledgerBlobs(config) === null) {
    if (config.ledger) log.warn('there is no ledger: LIVEDROPS_BLOBS names no place for its tiles');
    return null;
  }
  const data: Omit<LedgerThreadData, 'port'> = { config, shardCount, saleMeter: meter.shared };
  return new OffLoopThread({
    name: 'ledger',
    program: new URL('ledger-program.ts', import.meta.url),
    data,
    serve: (port) =>
      answerQuestions(port, (question: LedgerQuestion) => answerLedger(stores, question)),
    lag: {
      of: ({ lagMs }) => lagMs,
      with: (report, lagMs) => ({ ...report, lagMs }),
    },
    clock: systemClock,
    log,
  });
}

// The program of the ledger's thread (composition/ledger.ts). It reads the journals by a connection
// of its own, writes tiles by itself, and asks the main thread for all that the stores have.

import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../actors/clock.ts';
import { assert } from '../domain/assert.ts';
import { LedgerRunner } from '../events/ledger/ledger-runner.ts';
import { LedgerWriter } from '../events/ledger/ledger-writer.ts';
import {
  type LedgerQuestion,
  RemoteAuditLog,
  RemoteLedgerStore,
} from '../events/ledger/remote-ledger.ts';
import { PortQuestions } from '../events/port-questions.ts';
import { openArchive, readsArchive } from './archive.ts';
import { openBlobs } from './blobs.ts';
import { ledgerBlobs, type LedgerThreadData } from './ledger.ts';
import { createLog } from './log.ts';
import { beginThread, leaseOf, openJournals } from './off-loop-parts.ts';
import { ledgerPace } from './upkeep.ts';

const NAME = 'ledger';
const REPORT_INTERVAL_MS = 1_000;

const { config, shardCount, saleMeter, port } = workerData as LedgerThreadData;
const log = createLog(config);
beginThread(log);
const place = ledgerBlobs(config);
assert(place !== null, 'the ledger has a place for its tiles');
const reader = await openJournals(config, NAME, log);
const questions = new PortQuestions<LedgerQuestion, unknown>(port);
const { pace, intervalMs } = ledgerPace(saleMeter);
const writer = new LedgerWriter({
  journal: readsArchive(reader.journal, openArchive(config)),
  auditLog: new RemoteAuditLog(questions),
  store: new RemoteLedgerStore(questions),
  blobs: await openBlobs(place),
  shardCount,
  giveWay: () => pace.giveWay(() => false),
  clock: systemClock,
  log,
});
const runner = new LedgerRunner({
  writer,
  lease: leaseOf(NAME, config.nodeId, reader.leases),
  intervalMs,
  onPassed: () => pace.rest(),
  clock: systemClock,
  log,
});
runner.start();
const reports = setInterval(() => parentPort!.postMessage(runner.report()), REPORT_INTERVAL_MS);
parentPort!.once('message', () => void stop());

async function stop(): Promise<void> {
  clearInterval(reports);
  pace.stop();
  await runner.stop();
  await reader.close();
  port.close();
}

// A ledger over stores in memory, with tiles in a folder; and its bundles, which the verifier
// reads.

import { execFile } from 'node:child_process';
import { createWriteStream, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { systemClock } from '../../../actors/clock.ts';
import type { NewAuditEntry } from '../../../contracts/audit.ts';
import { bundleChunks } from '../../../events/ledger/bundle.ts';
import { LedgerWriter, type LedgerWriterOptions } from '../../../events/ledger/ledger-writer.ts';
import { withPresentKeys } from '../../../events/ledger/signed-note.ts';
import { StoredLedger } from '../../../events/ledger/stored-ledger.ts';
import { FolderBlobs } from '../../../storage/blobs/blobs-folder.ts';
import { memoryStores } from '../../../storage/memory/stores.ts';
import type { Blobs } from '../../../storage/ports/blobs.ts';
import type { Stores } from '../../../storage/ports/stores.ts';

const VERIFIER = fileURLToPath(new URL('../../../verifier/verify.mjs', import.meta.url));

export class MadeLedger {
  readonly folder = mkdtempSync(join(tmpdir(), 'ledger-'));
  readonly stores: Stores;
  readonly blobs: Blobs;
  readonly ledger: StoredLedger;
  writer: LedgerWriter;
  #bundles = 0;

  constructor(stores: Stores = memoryStores()) {
    this.stores = stores;
    const folder = join(this.folder, 'blobs');
    this.blobs = new FolderBlobs({ folder, create: true, freeBytesMin: 0 });
    this.ledger = new StoredLedger({ store: stores.ledger, blobs: this.blobs });
    this.writer = this.newWriter();
  }

  newWriter(changed: Partial<LedgerWriterOptions> = {}): LedgerWriter {
    const { journal, auditLog, ledger: store } = this.stores;
    return new LedgerWriter({
      journal,
      auditLog,
      store,
      blobs: this.blobs,
      shardCount: 3,
      clock: systemClock,
      log: pino({ level: 'silent' }),
      ...changed,
    });
  }

  /** Appends entries of made-up bytes. */
  async append(shard: number, count: number): Promise<void> {
    const { journal } = this.stores;
    const { epoch, lastSequence } = await journal.claim(shard, 'test');
    for (let i = 1; i <= count; i++) {
      const sequence = lastSequence + i;
      await journal.append(shard, epoch, sequence, Buffer.from(`entry ${shard}/${sequence}`));
    }
  }

  async act(id = 'ada', params: NewAuditEntry['params'] = {}): Promise<void> {
    await this.stores.auditLog.append({
      at: 1_000,
      actor: { kind: 'operator', id, keyId: null },
      action: 'drain',
      target: { type: 'node', id: 'node-2' },
      creatorId: null,
      params,
      changes: [],
      outcome: 'done',
      result: 'done',
      address: '203.0.113.7',
      requestId: null,
    });
  }

  async passes(writer = this.writer): Promise<void> {
    while ((await writer.pass()).behind > 0);
  }

  async bundle(from = 0): Promise<string> {
    const { ledger } = this;
    const head = (await ledger.head())!;
    const source = {
      ...withPresentKeys(head.checkpoint, head.keys),
      trees: await this.stores.ledger.trees(),
      leaves: async (tree: string, at: number, limit: number) =>
        await (await ledger.tree(tree))!.leaves(at, limit),
      edge: async (tree: string, size: number) =>
        (await (await ledger.tree(tree))!.proofs().edge(size)).peaks.map(({ hash }) => hash),
    };
    const file = join(this.folder, `bundle-${this.#bundles++}`);
    await pipeline(Readable.from(bundleChunks({ source, from })), createWriteStream(file));
    return file;
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true });
  }
}

export interface Verified {
  readonly code: number;
  readonly output: string;
}

export async function verify(...args: string[]): Promise<Verified> {
  return await new Promise((resolve) => {
    execFile(process.execPath, [VERIFIER, ...args], (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      resolve({ code, output: stdout + stderr });
    });
  });
}

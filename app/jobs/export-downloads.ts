// The files that jobs wrote: of orders, for whoever may export the drop's orders (O9a), and of
// passes, for whoever may make the drop's passes (D9).

import type { Requester } from '../../contracts/accounts.ts';
import type { CreatorAction } from '../../contracts/creator-actions.ts';
import type { JobKind } from '../../contracts/jobs.ts';
import type { ExportFormat } from '../../contracts/orders.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal, success } from '../../domain/refusal.ts';
import type { ExportFiles } from '../../storage/ports/export-files.ts';
import { CorruptError } from '../../storage/ports/journal.ts';
import type { JobStore } from '../../storage/ports/jobs.ts';
import { isOperator } from '../caller.ts';
import { creatorOfDrop, type DropCreatorsOptions, mayAct } from '../permissions.ts';
import { MAKE_A_FEW, type PassListCursor } from '../passes/pass-lists.ts';
import {
  EXPORT_KIND,
  type ExportCursor,
  type ExportParams,
  type FileCursor,
  partNames,
  PASSES_KIND,
} from './export-cursor.ts';
import { TAKE_THE_STREAM } from './export-orders.ts';
import { noPlace } from './export-room.ts';

const RETRY_AFTER_MS = 1_000;

export interface ExportDownloadsOptions extends DropCreatorsOptions {
  readonly jobs: Pick<JobStore, 'find'>;
  /** Null: there is no place for files. */
  readonly files: ExportFiles | null;
}

interface Download {
  readonly dropId: string;
  readonly format: ExportFormat;
  /** Part by part, some 2 MB each at most. Errors: `store-unavailable`, `corrupt`. */
  readonly chunks: AsyncIterable<string>;
}

export interface ExportDownload extends Download {
  readonly version: number;
  readonly orders: number;
}

export interface PassesDownload extends Download {
  readonly passes: number;
}

/** A file that is there. */
interface OpenedFile<C> {
  readonly download: Download;
  /** Of its job at the end. */
  readonly cursor: C;
}

/** What makes files of one kind. */
interface FileKind {
  readonly kind: JobKind;
  /** Which members and keys may read them. */
  readonly action: CreatorAction;
  /** Where there is no place for files. */
  readonly advice: string;
}

const OF_ORDERS: FileKind = { kind: EXPORT_KIND, action: 'exports.read', advice: TAKE_THE_STREAM };
const OF_PASSES: FileKind = { kind: PASSES_KIND, action: 'passes.read', advice: MAKE_A_FEW };

export class ExportDownloads {
  readonly #options: ExportDownloadsOptions;

  constructor(options: ExportDownloadsOptions) {
    this.#options = options;
  }

  /** Refuses `export-not-done` before the job is done. Errors: `store-unavailable`. */
  async open(caller: Requester, jobId: string): Promise<Outcome<ExportDownload>> {
    const opened = await this.#open<ExportCursor>(caller, jobId, OF_ORDERS);
    if (!opened.ok) return opened;
    const { download, cursor } = opened.value;
    return success({ ...download, version: cursor.version, orders: cursor.orders });
  }

  /** As `open`. */
  async openPasses(caller: Requester, jobId: string): Promise<Outcome<PassesDownload>> {
    const opened = await this.#open<PassListCursor>(caller, jobId, OF_PASSES);
    if (!opened.ok) return opened;
    const { download, cursor } = opened.value;
    return success({ ...download, passes: cursor.passes });
  }

  async #open<C extends FileCursor>(
    caller: Requester,
    jobId: string,
    { kind, action, advice }: FileKind,
  ): Promise<Outcome<OpenedFile<C>>> {
    const { jobs, files } = this.#options;
    const job = await jobs.find(jobId);
    if (job === null || job.kind !== kind) return refusal('not-found');
    if (!(await this.#mayRead(caller, job.subject, action))) return refusal('not-found');
    if (files === null) return noPlace(advice);
    const isUnfinished = job.state === 'queued' || job.state === 'running';
    if (isUnfinished)
      return { ...refusal('export-not-done', 'Its job goes on.'), retryAfterMs: RETRY_AFTER_MS };
    if (job.state !== 'done' || job.cursor === null)
      return refusal('export-not-done', `Its job is ${job.state}.`);
    const cursor = JSON.parse(job.cursor) as C;
    const names = partNames(cursor);
    const first = await files.read(job.id, names[0]!);
    if (first === null) return refusal('not-found', 'The file was removed.');
    const { format } = job.params as ExportParams;
    const chunks = read(files, job.id, first, names.slice(1));
    return success({ download: { dropId: job.subject, format, chunks }, cursor });
  }

  /** Who asked for the file and is a member no more has lost it. */
  async #mayRead(caller: Requester, dropId: string, action: CreatorAction): Promise<boolean> {
    if (isOperator(caller)) return true;
    const creator = await creatorOfDrop(this.#options, dropId);
    return creator.ok && mayAct(caller, creator.value, action);
  }
}

async function* read(
  files: ExportFiles,
  id: string,
  first: Uint8Array,
  names: readonly string[],
): AsyncGenerator<string, void, undefined> {
  yield textOf(first);
  for (const name of names) {
    const part = await files.read(id, name);
    if (part === null) throw new CorruptError(`part ${name} of the export ${id} is gone`);
    yield textOf(part);
  }
}

/** Parts end between two lines, so never within a character. */
function textOf(part: Uint8Array): string {
  return Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString('utf8');
}

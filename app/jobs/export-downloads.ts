// The files that jobs exported, for whoever may export the drop's orders (O9a).

import type { Requester } from '../../contracts/accounts.ts';
import type { ExportFormat } from '../../contracts/orders.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal, success } from '../../domain/refusal.ts';
import type { ExportFiles } from '../../storage/ports/export-files.ts';
import { CorruptError } from '../../storage/ports/journal.ts';
import type { JobStore } from '../../storage/ports/jobs.ts';
import { isOperator } from '../caller.ts';
import { creatorOfDrop, type DropCreatorsOptions, mayAct } from '../permissions.ts';
import { cursorOf, EXPORT_KIND, type ExportParams, partNames } from './export-cursor.ts';
import { noPlace } from './export-orders.ts';

const RETRY_AFTER_MS = 1_000;

export interface ExportDownloadsOptions extends DropCreatorsOptions {
  readonly jobs: Pick<JobStore, 'find'>;
  /** Null: there is no place for files. */
  readonly files: ExportFiles | null;
}

export interface ExportDownload {
  readonly dropId: string;
  readonly format: ExportFormat;
  readonly version: number;
  readonly orders: number;
  /** Part by part, some 2 MB each. Errors: `store-unavailable`, `corrupt`. */
  readonly chunks: AsyncIterable<string>;
}

export class ExportDownloads {
  readonly #options: ExportDownloadsOptions;

  constructor(options: ExportDownloadsOptions) {
    this.#options = options;
  }

  /** Refuses `export-not-done` before the job is done. Errors: `store-unavailable`. */
  async open(caller: Requester, jobId: string): Promise<Outcome<ExportDownload>> {
    const { jobs, files } = this.#options;
    const job = await jobs.find(jobId);
    if (job === null || job.kind !== EXPORT_KIND) return refusal('not-found');
    if (!(await this.#mayRead(caller, job.subject))) return refusal('not-found');
    if (files === null) return noPlace();
    const isUnfinished = job.state === 'queued' || job.state === 'running';
    if (isUnfinished)
      return { ...refusal('export-not-done', 'Its job goes on.'), retryAfterMs: RETRY_AFTER_MS };
    const cursor = cursorOf(job);
    if (job.state !== 'done' || cursor === null)
      return refusal('export-not-done', `Its job is ${job.state}.`);
    const names = partNames(cursor);
    const first = await files.read(job.id, names[0]!);
    if (first === null) return refusal('not-found', 'The file was removed.');
    const { format } = job.params as ExportParams;
    const { version, orders } = cursor;
    const chunks = read(files, job.id, first, names.slice(1));
    return success({ dropId: job.subject, format, version, orders, chunks });
  }

  /** Who asked for the file and is a member no more has lost it. */
  async #mayRead(caller: Requester, dropId: string): Promise<boolean> {
    if (isOperator(caller)) return true;
    const creator = await creatorOfDrop(this.#options, dropId);
    return creator.ok && mayAct(caller, creator.value, 'exports.read');
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

/** Parts end between two orders, so never within a character. */
function textOf(part: Uint8Array): string {
  return Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString('utf8');
}

// Exports of a drop's orders as jobs, for those who cannot hold a connection for as long as an
// export takes (O9a). A step writes some thousand orders as one part of the file, and the cursor
// has the parts. All parts show one version: a job that goes on elsewhere goes on behind its last
// part where the drop has not changed since, and begins anew, as of the newer version, where it
// has.
//
// The files are without the details of orders: those are erased with their buyer's key (O14), and a
// file that waits for a week would keep them in plain text.

import type { CommandRouter } from '../../actors/command-router.ts';
import type { ActionParams } from '../../contracts/actions.ts';
import type { Job } from '../../contracts/jobs.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal } from '../../domain/refusal.ts';
import type { JobStep } from '../../events/jobs/job.ts';
import { type JobHandler, JobStepError } from '../../events/jobs/job-handler.ts';
import type { ExportFiles } from '../../storage/ports/export-files.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import { isOperator } from '../caller.ts';
import type { OpenExport, OrderExport } from '../order-exports.ts';
import { mayAct } from '../permissions.ts';
import {
  cursorOf,
  EXPORT_KIND,
  type ExportCursor,
  type ExportParams,
  partNames,
  withNextPart,
} from './export-cursor.ts';
import { checkRoom, noPlace, refuseWithoutRoom } from './export-room.ts';
import type { ExportSpace } from './export-space.ts';
import { addKeyedJob, type KeyedJobsOptions } from './keyed-job.ts';

/** Of 512 orders each: some 2 MB of text. */
const CHUNKS_PER_PART = 8;
/** From this feature level on all nodes know jobs of this kind. */
const LEVEL = 3;
/** Where there is no place for files. */
export const TAKE_THE_STREAM = 'take the export as a stream';

export interface ExportOrdersOptions extends KeyedJobsOptions {
  readonly router: CommandRouter;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
  /** Null: there is no place for files. */
  readonly exportSpace: ExportSpace | null;
}

export class ExportOrders {
  readonly #options: ExportOrdersOptions;

  constructor(options: ExportOrdersOptions) {
    this.#options = options;
  }

  /**
   * Queues the job. Below feature level 3, and without a place for files, `unavailable`; `too-many`
   * and `overloaded` where there is no room.
   */
  async request({
    caller,
    dropId,
    wanted,
    request,
  }: ActionParams<'jobs.exportOrders'>): Promise<Outcome<Job>> {
    const { router, levels, exportSpace } = this.#options;
    if (exportSpace === null) return noPlace(TAKE_THE_STREAM);
    if (levels.reached() < LEVEL) return refusal('unavailable');
    const drop = await router.send({ type: 'get-drop', dropId });
    if (!drop.ok) return drop;
    const { userId: callerId } = caller;
    if (!mayAct(caller, drop.value.creatorId, 'jobs.exportOrders') && !isOperator(caller))
      return refusal('forbidden');
    const refused = await refuseWithoutRoom(exportSpace, callerId);
    if (refused !== null) return refused;
    const params: ExportParams = { format: wanted.format ?? 'csv' };
    const job = { kind: EXPORT_KIND, callerId, subject: dropId, params, total: null } as const;
    return await addKeyedJob(this.#options, job, request);
  }
}

export interface ExportOrdersHandlerOptions {
  readonly open: OpenExport;
  readonly files: ExportFiles;
  readonly space: ExportSpace;
}

/** An export that a job of this process reads. */
interface OpenedExport {
  readonly source: OrderExport;
  readonly chunks: AsyncIterator<string>;
  /** What is stored. */
  cursor: ExportCursor;
}

export class ExportOrdersHandler implements JobHandler {
  readonly kind = EXPORT_KIND;
  /** Each has a thread. */
  readonly concurrency = 1;
  readonly #options: ExportOrdersHandlerOptions;
  /** By the job's id. */
  readonly #opened = new Map<string, OpenedExport>();

  constructor(options: ExportOrdersHandlerOptions) {
    this.#options = options;
  }

  /** A step that comes again writes under another claim, so into a part of another name. */
  async step(job: Job, signal: AbortSignal): Promise<JobStep> {
    const opened = this.#opened.get(job.id) ?? (await this.#open(job));
    const { source, cursor: before } = opened;
    await checkRoom(this.#options.space, job, before);
    const { text, isLast } = await readPart(opened, signal);
    const cursor = { ...before, orders: source.at() };
    opened.cursor = text === '' ? cursor : await this.#write(job, cursor, Buffer.from(text));
    const { orders: done, total } = opened.cursor;
    const progress = { done, refused: {}, left: total - done };
    return { cursor: JSON.stringify(opened.cursor), progress, isLast };
  }

  left(jobId: string): void {
    this.#opened.get(jobId)?.source.close();
    this.#opened.delete(jobId);
  }

  async #open(job: Job): Promise<OpenedExport> {
    const { open } = this.#options;
    const { format } = job.params as ExportParams;
    const stored = await this.#storedCursor(job);
    const source = await open(job.subject, format, stored);
    if (source === null) throw new JobStepError('There is no such drop.', { isFinal: true });
    const { version, orders: total } = source;
    const cursor =
      stored?.version === version ? stored : { version, orders: 0, total, bytes: 0, parts: [] };
    const opened = { source, chunks: source.chunks[Symbol.asyncIterator](), cursor };
    this.#opened.set(job.id, opened);
    return opened;
  }

  /** Null where the job begins, also because its parts are gone, as after a restore. */
  async #storedCursor(job: Job): Promise<ExportCursor | null> {
    const cursor = cursorOf(job);
    if (cursor === null) return null;
    const last = partNames(cursor).at(-1);
    if (last === undefined) return null;
    return (await this.#options.files.read(job.id, last)) === null ? null : cursor;
  }

  async #write(job: Job, cursor: ExportCursor, bytes: Uint8Array): Promise<ExportCursor> {
    const { files, space } = this.#options;
    const { name, parts } = withNextPart(cursor.parts, job.token);
    await files.write(job.id, name, bytes);
    space.added(bytes.length);
    return { ...cursor, parts, bytes: cursor.bytes + bytes.length };
  }
}

async function readPart(
  { chunks }: OpenedExport,
  signal: AbortSignal,
): Promise<{ readonly text: string; readonly isLast: boolean }> {
  let text = '';
  for (let i = 0; i < CHUNKS_PER_PART && !signal.aborted; i++) {
    const next = await chunks.next();
    if (next.done === true) return { text, isLast: true };
    text += next.value;
  }
  return { text, isLast: false };
}

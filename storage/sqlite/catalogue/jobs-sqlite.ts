// Jobs on SQLite, in the catalogue's file.

import type { Job, JobCount, JobState } from '../../../contracts/jobs.ts';
import type { Page, PageRequest } from '../../../contracts/paging.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import { decodeJob, encodeJob } from '../../formats/job.ts';
import {
  FINISHED_JOBS_OF_CALLER_MAX,
  type JobBounds,
  type JobFilter,
  type JobStore,
} from '../../ports/jobs.ts';
import type { Answered } from '../../ports/requests.ts';
import { readPage } from '../thread/read-page.ts';
import { readQuery } from '../thread/read-query.ts';
import type { CatalogueDatabase } from './catalogue-options.ts';
import type { JobRow } from './jobs-statements.ts';
import { SqliteRequests } from './requests-sqlite.ts';

export class SqliteJobStore implements JobStore {
  readonly requests: SqliteRequests;
  readonly #writer;
  readonly #finishedMax;
  readonly #find;
  readonly #all;
  readonly #inState;
  readonly #ofCaller;
  readonly #due;
  readonly #counts;

  constructor(options: CatalogueDatabase & { readonly finishedMax?: number }) {
    const { writer, reader, finishedMax = FINISHED_JOBS_OF_CALLER_MAX } = options;
    this.requests = new SqliteRequests(options);
    this.#writer = writer;
    this.#finishedMax = finishedMax;
    const page = (where: string) => `
      select job from jobs where ${where} (created_at, id) < (?, ?)
      order by created_at desc, id desc limit ?`;
    this.#find = reader.prepare<[string], string>('select job from jobs where id = ?').pluck();
    this.#all = reader.prepare<[number, string, number], string>(page('')).pluck();
    this.#inState = reader
      .prepare<[JobState, number, string, number], string>(page('state = ? and'))
      .pluck();
    this.#ofCaller = reader
      .prepare<[string, number, string, number], string>(page('caller_id = ? and'))
      .pluck();
    this.#due = reader
      .prepare<[string, number, number], string>(`
        select job from jobs where kind = ? and due_at <= ? order by due_at limit ?`)
      .pluck();
    this.#counts = reader.prepare<[], JobCount>(
      'select kind, state, count from job_counts where count > 0',
    );
  }

  add(job: Job, bounds: JobBounds): Promise<'added' | 'exists' | 'full'> {
    return this.#writer.submit('addJob', rowOf(job), bounds);
  }

  replace(job: Job): Promise<boolean> {
    return this.#writer.submit('replaceJob', rowOf(job), this.#finishedMax);
  }

  replaceOnce(request: KeyedRequest, job: Job, answer: string): Promise<Answered<string | null>> {
    const args = [request, rowOf(job), this.#finishedMax, answer] as const;
    return this.#writer.submit('replaceJobOnce', ...args);
  }

  async find(id: string): Promise<Job | null> {
    const text = readQuery(() => this.#find.get(id));
    return text === undefined ? null : decodeJob(text);
  }

  async list({ callerId, state }: JobFilter, page: PageRequest): Promise<Page<Job>> {
    return readPage(
      'jobs',
      page,
      ({ time, id }, limit) =>
        readQuery(() => {
          if (callerId !== undefined) return this.#ofCaller.all(callerId, time, id, limit);
          if (state !== undefined) return this.#inState.all(state, time, id, limit);
          return this.#all.all(time, id, limit);
        }).map(decodeJob),
      ({ createdAt: time, id }) => ({ time, id }),
    );
  }

  async due(kind: string, time: number, limit: number): Promise<readonly Job[]> {
    return readQuery(() => this.#due.all(kind, time, limit)).map(decodeJob);
  }

  removeExpired(time: number, limit: number): Promise<number> {
    return this.#writer.submit('removeExpiredJobs', time, limit);
  }

  async counts(): Promise<readonly JobCount[]> {
    return readQuery(() => this.#counts.all());
  }
}

function rowOf(job: Job): JobRow {
  const { id, kind, state, callerId, createdAt, dueAt, finishedAt, expiresAt, revision } = job;
  const columns = { id, kind, state, callerId, createdAt, dueAt, finishedAt, expiresAt, revision };
  return { ...columns, job: encodeJob(job) };
}

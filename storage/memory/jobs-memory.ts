// Jobs in memory, for tests.

import type { Job, JobCount } from '../../contracts/jobs.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import {
  FINISHED_JOBS_OF_CALLER_MAX,
  type JobBounds,
  type JobFilter,
  type JobStore,
} from '../ports/jobs.ts';
import type { Answered } from '../ports/requests.ts';
import { pageNewestFirst } from './newest-first.ts';
import { isNull, MemoryRequests } from './requests-memory.ts';

export class MemoryJobStore implements JobStore {
  readonly requests: MemoryRequests;
  readonly #jobs = new Map<string, Job>();
  readonly #finishedMax: number;

  constructor({
    finishedMax = FINISHED_JOBS_OF_CALLER_MAX,
    requests = new MemoryRequests(),
  }: { readonly finishedMax?: number; readonly requests?: MemoryRequests } = {}) {
    this.#finishedMax = finishedMax;
    this.requests = requests;
  }

  async add(job: Job, { ofKindMax, ofCallerMax }: JobBounds): Promise<'added' | 'exists' | 'full'> {
    if (this.#jobs.has(job.id)) return 'exists';
    const open = [...this.#jobs.values()].filter(isOpen);
    const ofKind = open.filter(({ kind }) => kind === job.kind).length;
    const ofCaller = open.filter(({ callerId }) => callerId === job.callerId).length;
    if (ofKind >= ofKindMax || ofCaller >= ofCallerMax) return 'full';
    this.#jobs.set(job.id, structuredClone(job));
    return 'added';
  }

  async replace(job: Job): Promise<boolean> {
    return this.#replace(job);
  }

  async replaceOnce(
    request: KeyedRequest,
    job: Job,
    answer: string,
  ): Promise<Answered<string | null>> {
    return this.requests.once(request, () => (this.#replace(job) ? answer : null), isNull);
  }

  #replace(job: Job): boolean {
    if (this.#jobs.get(job.id)?.revision !== job.revision - 1) return false;
    this.#jobs.set(job.id, structuredClone(job));
    const finished = [...this.#jobs.values()]
      .filter((one) => one.callerId === job.callerId && one.finishedAt !== null)
      .sort((a, b) => a.finishedAt! - b.finishedAt!);
    for (const { id } of finished.slice(0, Math.max(0, finished.length - this.#finishedMax)))
      this.#jobs.delete(id);
    return true;
  }

  async find(id: string): Promise<Job | null> {
    return this.#jobs.get(id) ?? null;
  }

  async list({ callerId, state }: JobFilter, page: PageRequest): Promise<Page<Job>> {
    const jobs = [...this.#jobs.values()].filter(
      (job) =>
        (callerId === undefined || job.callerId === callerId) &&
        (state === undefined || job.state === state),
    );
    return pageNewestFirst('jobs', jobs, ({ createdAt: time, id }) => ({ time, id }), page);
  }

  async due(kind: string, time: number, limit: number): Promise<readonly Job[]> {
    return [...this.#jobs.values()]
      .filter((job) => job.kind === kind && job.dueAt !== null && job.dueAt <= time)
      .sort((a, b) => a.dueAt! - b.dueAt!)
      .slice(0, limit);
  }

  async removeExpired(time: number, limit: number): Promise<number> {
    const expired = [...this.#jobs.values()].filter(
      ({ expiresAt }) => expiresAt !== null && expiresAt <= time,
    );
    for (const { id } of expired.slice(0, limit)) this.#jobs.delete(id);
    return Math.min(expired.length, limit);
  }

  async counts(): Promise<readonly JobCount[]> {
    const counts = new Map<string, JobCount>();
    for (const { kind, state } of this.#jobs.values()) {
      const before = counts.get(`${kind} ${state}`)?.count ?? 0;
      counts.set(`${kind} ${state}`, { kind, state, count: before + 1 });
    }
    return [...counts.values()];
  }
}

function isOpen({ state }: Job): boolean {
  return state === 'queued' || state === 'running';
}

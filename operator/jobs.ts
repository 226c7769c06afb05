// `livedrops jobs`: lists long work in the background, shows one job, has one go on, or cancels
// one.

import type { JobState } from '../contracts/jobs.ts';
import type { Job } from '../sdk/api.ts';
import { connectOperator, type ConnectOptions } from './connect.ts';
import { type ListOptions, showList } from './show-list.ts';
import { count, table } from './table.ts';

export interface JobsOptions extends ListOptions {
  readonly state?: JobState;
  readonly limit: number;
}

export interface ShowJobOptions extends ConnectOptions {
  readonly json?: true;
}

export interface JobChangeOptions extends ShowJobOptions {
  readonly dryRun?: true;
}

export async function jobs(options: JobsOptions): Promise<void> {
  const { state = null, limit } = options;
  await showList(options, (api) => api.jobs(state, limit), jobsText);
}

export async function showJob(id: string, options: ShowJobOptions): Promise<void> {
  const job = await (await connectOperator(options)).job(id);
  print(options, job, jobsText([job]));
}

export async function changeJob(
  id: string,
  change: 'retry' | 'cancel',
  options: JobChangeOptions,
): Promise<void> {
  const api = await connectOperator(options);
  const changed = await api.changeJob(id, change, options.dryRun === true);
  const { applied, job } = changed;
  const isEnding = job.state === 'running' && job.cancelRequested === true;
  const state = isEnding ? 'running, and ends after its step' : job.state;
  print(options, changed, `${job.id} ${applied ? 'is' : 'would be'} ${state}\n`);
}

export function jobsText(rows: readonly Job[]): string {
  if (rows.length === 0) return 'No jobs.\n';
  const lines = table(
    ['created', 'id', 'kind', 'of', 'by', 'state', 'done', 'refused', 'left', 'attempts', 'reason'],
    rows.map((job) => [
      job.createdAt,
      job.id,
      job.kind,
      job.subject,
      job.callerId,
      job.state,
      String(job.progress.done),
      refusedText(job.progress.refused),
      String(job.progress.left ?? '-'),
      String(job.attempts),
      job.reason ?? '-',
    ]),
    ['done', 'left', 'attempts'],
  );
  return `${lines}${count(rows.length, 'job')}\n`;
}

function refusedText(refused: Readonly<Record<string, number>>): string {
  const counts = Object.entries(refused).map(([code, number]) => `${number} ${code}`);
  return counts.length === 0 ? '-' : counts.join(', ');
}

function print(options: ShowJobOptions, value: object, text: string): void {
  process.stdout.write(options.json === true ? `${JSON.stringify(value, null, 2)}\n` : text);
}

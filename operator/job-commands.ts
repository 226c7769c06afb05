// Defines the subcommands of jobs, long work in the background: arguments, options and help texts.

import { type Command, Option } from 'commander';
import { JOB_STATES } from '../contracts/job-states.ts';
import { RECONCILE_KINDS } from '../contracts/reconcile.ts';
import { integer, jobId } from './arguments.ts';
import { connecting, SERVER_HELP } from './connecting-command.ts';
import type { JobChangeOptions, JobsOptions, ShowJobOptions } from './jobs.ts';
import type { ReconcileOptions } from './reconcile.ts';

const JOBS_LISTED_MAX = 20_000;

const JOBS_HELP = `
A job is long work such as the refunds of a whole drop. It goes on after the end of a
process, on any node. A step that fails is attempted again, ever more rarely; after ten
failures in a row the job is failed, and \`jobs retry\` has it go on where it ended. Both
changes are recorded and harmless to repeat.

Examples:
  livedrops jobs --state failed
  livedrops jobs show j_01kb9c0q0example00000000
  livedrops jobs cancel j_01kb9c0q0example00000000`;

const RECONCILE_HELP = `
Counts, lists and marks are compared with their truth by themselves, once a day in calm
moments, and what differs is mended: follows with their counts and followers' lists;
orders in lists and feeds, orders' totals and drops' rows with the journals; unread
counts with feeds and read marks. --now begins a pass at once, or goes on after a
failure; it still gives way to a sale. Each kind is a standing job, which
\`livedrops jobs cancel reconcile-follows\` turns off.
${SERVER_HELP}
Examples:
  livedrops reconcile
  livedrops reconcile --now --kind orders`;

function addReconcileCommand(livedrops: Command): void {
  connecting(
    livedrops
      .command('reconcile')
      .description('show what is compared with its truth in the background, or compare it now'),
  )
    .addOption(new Option('--kind <kind>', 'only this kind').choices(RECONCILE_KINDS))
    .option('--now', 'begin a pass now')
    .addHelpText('after', RECONCILE_HELP)
    .action(async (options: ReconcileOptions) =>
      (await import('./reconcile.ts')).reconcile(options),
    );
}

export function addJobCommands(livedrops: Command): void {
  addReconcileCommand(livedrops);
  const jobs = livedrops
    .command('jobs')
    .description('list long work in the background, show one, or change one')
    .addHelpText('after', JOBS_HELP);
  connecting(jobs.command('list', { isDefault: true }).description('list the jobs, newest first'))
    .addOption(new Option('--state <state>', 'only jobs in this state').choices(JOB_STATES))
    .option('--limit <n>', 'number of jobs', integer(1, JOBS_LISTED_MAX), 100)
    .option('--watch', 'refresh each second, until Ctrl-C')
    .addHelpText('after', SERVER_HELP)
    .action(async (options: JobsOptions) => (await import('./jobs.ts')).jobs(options));
  const ofOne = (name: string, description: string): Command =>
    connecting(jobs.command(name).description(description))
      .argument('<id>', 'job id', jobId)
      .addHelpText('after', SERVER_HELP);
  ofOne('show', 'show a job with its progress').action(
    async (id: string, options: ShowJobOptions) => (await import('./jobs.ts')).showJob(id, options),
  );
  for (const [name, description] of [
    ['retry', 'have a job go on that failed, was cancelled, or waits for its next attempt'],
    ['cancel', 'cancel a job: it ends after its present step'],
  ] as const) {
    ofOne(name, description)
      .option('--dry-run', 'only print what the job would be')
      .action(async (id: string, options: JobChangeOptions) =>
        (await import('./jobs.ts')).changeJob(id, name, options),
      );
  }
}

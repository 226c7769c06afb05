// Defines the subcommands that call running nodes: arguments, options and help texts.

import { type Command, Option } from 'commander';
import { SHARD_COUNT } from '../domain/ids.ts';
import { REFUND_REASON_LENGTH_MAX } from '../contracts/bounds.ts';
import { JOB_STATES } from '../contracts/job-states.ts';
import { PROBLEM_KINDS } from '../contracts/problem-kinds.ts';
import { REFUND_STATES } from '../contracts/refund-states.ts';
import { EXPORT_FORMATS } from '../contracts/export-formats.ts';
import { SHARD_STATUSES } from '../contracts/shard-statuses.ts';
import { MOVES_LISTED_MAX } from './api-client.ts';
import {
  dropId,
  duration,
  integer,
  jobId,
  line,
  nodeId,
  refundId,
  serverUrl,
} from './arguments.ts';
import type { ChangeOptions } from './change.ts';
import type { ChangesOptions } from './changes.ts';
import type { ExportOptions } from './export-orders.ts';
import type { JobChangeOptions, JobsOptions, ShowJobOptions } from './jobs.ts';
import type { MovesOptions } from './moves.ts';
import type { RebuildOptions } from './rebuild.ts';
import type { PaymentsOptions } from './payments.ts';
import type { RefundChangeOptions, RefundsOptions } from './refunds.ts';
import type { RollingRestartOptions } from './rolling-restart.ts';
import type { ReleaseOptions } from './release.ts';
import type { ShardsOptions } from './shards.ts';
import type { ListOptions } from './show-list.ts';
import type { VerifyCommandOptions } from './verify.ts';

const TIMEOUT_SECONDS = 60;
const MOVES_MAX = 10;
const REFUNDS_LISTED_MAX = 20_000;
const PAYMENTS_LISTED_MAX = 30_000;
const JOBS_LISTED_MAX = 20_000;
const shardNumber = integer(0, SHARD_COUNT - 1);

export const SERVER_HELP = `
Calls the server at --url: by default the server that runs on LIVEDROPS_DATA, or
else the one at LIVEDROPS_HOST and LIVEDROPS_PORT. Without --token, signs a token
with LIVEDROPS_AUTH_SECRET, or else with the secret stored in LIVEDROPS_DATA.`;

const CHANGE_HELP = `
Waits until every move has ended and prints one line for each: source, target,
result, and blackout (how long the shard accepted no orders). Exits with 1 when a
move failed.
${SERVER_HELP}`;

const PAYMENTS_HELP = `
\`rejected\`: it did not pay for its order, and is open until the provider tells that it
is refunded. \`disputed\`: its payer wants it back; open until it is won or lost.
\`voided\`: it was authorised and never captured, and its order failed.

Examples:
  livedrops payments --open
  livedrops payments --kind disputed`;

const REFUNDS_HELP = `
A refund is parked when the provider refuses it for good, or never answers. One that
was refused is attempted again only by \`refunds retry\`; the others by themselves,
ever more rarely. Both changes are recorded and harmless to repeat.

Examples:
  livedrops refunds --state parked
  livedrops refunds retry rf_0123456789abcdef01234567
  livedrops refunds dismiss rf_0123456789abcdef01234567 --reason "paid back by hand"`;

const JOBS_HELP = `
A job is long work such as the refunds of a whole drop. It goes on after the end of a
process, on any node. A step that fails is attempted again, ever more rarely; after ten
failures in a row the job is failed, and \`jobs retry\` has it go on where it ended. Both
changes are recorded and harmless to repeat.

Examples:
  livedrops jobs --state failed
  livedrops jobs show j_01kb9c0q0example00000000
  livedrops jobs cancel j_01kb9c0q0example00000000`;

export function addOperatorCommands(livedrops: Command): void {
  addLists(livedrops);
  addChanges(livedrops);
  addRollingRestart(livedrops);
  addVerify(livedrops);
  addRebuild(livedrops);
  addRelease(livedrops);
  addPayments(livedrops);
  addRefunds(livedrops);
  addJobs(livedrops);
  addExport(livedrops);
  addStream(livedrops);
}

/** With the options of every command that calls a server. */
export function connecting(command: Command): Command {
  return command
    .addOption(new Option('--url <url>', 'a node of the cluster').argParser(serverUrl))
    .option('--token <token>', 'an access token with the operator role')
    .option('--json', 'print JSON');
}

function addLists(livedrops: Command): void {
  const listing = (name: string, description: string): Command =>
    connecting(livedrops.command(name).description(description))
      .option('--watch', 'refresh each second, until Ctrl-C')
      .addHelpText('after', SERVER_HELP);
  listing('nodes', 'list the nodes with their state and load').action(
    async (options: ListOptions) => (await import('./nodes.ts')).nodes(options),
  );
  listing('shards', 'list the shards with their owner, state and load')
    .addOption(new Option('--node <id>', 'only shards of this node').argParser(nodeId))
    .addOption(new Option('--state <state>', 'only shards in this state').choices(SHARD_STATUSES))
    .action(async (options: ShardsOptions) => (await import('./shards.ts')).shards(options));
  listing('moves', 'list the last moves of shards and their results, newest first')
    .option('--limit <n>', 'number of moves', integer(1, MOVES_LISTED_MAX), 20)
    .action(async (options: MovesOptions) => (await import('./moves.ts')).moves(options));
}

function timeoutOption(description: string): Option {
  return new Option('--timeout <time>', description)
    .argParser(duration)
    .default(TIMEOUT_SECONDS, `${TIMEOUT_SECONDS}s`);
}

function addChanges(livedrops: Command): void {
  const changing = (name: string, description: string): Command =>
    connecting(livedrops.command(name).description(description))
      .option('--dry-run', 'only print the moves and their reasons')
      .option('--no-wait', 'do not wait for the moves')
      .addOption(timeoutOption('longest wait for the moves, such as 90s or 15m'))
      .addHelpText('after', CHANGE_HELP);
  for (const [name, description] of [
    ['pin', 'pin a shard to a node and move it there'],
    ['move', 'move a shard to a node: the same as pin'],
  ] as const) {
    changing(name, description)
      .argument('<shard>', 'shard number', shardNumber)
      .argument('<node>', 'node id', nodeId)
      .action(async (shard: number, node: string, options: ChangeOptions) =>
        (await import('./change.ts')).pin(shard, node, options),
      );
  }
  changing('unpin', 'remove the pin of a shard and move it to its computed node')
    .argument('<shard>', 'shard number', shardNumber)
    .action(async (shard: number, options: ChangeOptions) =>
      (await import('./change.ts')).pin(shard, null, options),
    );
  changing('drain', 'move all shards of a node to other nodes and assign it no more')
    .argument('<node>', 'node id', nodeId)
    .action(async (node: string, options: ChangeOptions) =>
      (await import('./change.ts')).drain(node, options),
    );
  changing('undrain', 'assign shards to a drained node again')
    .argument('<node>', 'node id', nodeId)
    .action(async (node: string, options: ChangeOptions) =>
      (await import('./change.ts')).undrain(node, options),
    );
  changing('rebalance', 'move load from busy nodes to others by pinning a few shards')
    .option('--moves-max <n>', 'most shards to move', integer(1, SHARD_COUNT), MOVES_MAX)
    .action(async (options: ChangeOptions & { movesMax: number }) =>
      (await import('./change.ts')).rebalance(options),
    );
}

function addRollingRestart(livedrops: Command): void {
  connecting(
    livedrops
      .command('rolling-restart')
      .description('restart one node after the other: drain, restart, undrain'),
  )
    .option('--dry-run', 'only print the steps')
    .addOption(timeoutOption('longest duration of each step, such as 90s or 15m'))
    .addHelpText(
      'after',
      `
The supervisor of each node (systemd, for example) has to start it again. Stops at
the first failure, with exit code 1, and undrains the node that it was restarting.
${SERVER_HELP}`,
    )
    .action(async (options: RollingRestartOptions) =>
      (await import('./rolling-restart.ts')).rollingRestart(options),
    );
}

function addVerify(livedrops: Command): void {
  connecting(
    livedrops
      .command('verify')
      .description('compare a replay of the journal with live state and read models'),
  )
    .addHelpText(
      'after',
      `
Calls the running nodes. Where no server runs on LIVEDROPS_DATA, reads that directory.
Exits with 1 when there is a difference.`,
    )
    .action(async (options: VerifyCommandOptions) => (await import('./verify.ts')).verify(options));
}

function addRebuild(livedrops: Command): void {
  connecting(
    livedrops
      .command('rebuild')
      .description('restore lost rows of order lists and notifications from the journals'),
  )
    .addOption(
      new Option('--shard <n...>', 'only these shards').argParser(
        (text, earlier: readonly number[] | undefined) => [...(earlier ?? []), shardNumber(text)],
      ),
    )
    .option('--dry-run', 'only print what is missing')
    .addHelpText(
      'after',
      `
Runs while the sale goes on. Adds missing rows and changes nothing else: no user is
notified twice, and read notifications stay read. Safe to repeat. Exits with 1 when
the journal of a shard could not be compared to its end.
${SERVER_HELP}`,
    )
    .action(async (options: RebuildOptions) => (await import('./rebuild.ts')).rebuild(options));
}

function addRelease(livedrops: Command): void {
  connecting(
    livedrops
      .command('release')
      .description('serve a drop again that was quarantined after repeated faults'),
  )
    .argument('<drop>', 'drop id', dropId)
    .addHelpText(
      'after',
      `
\`livedrops shards\` lists quarantined drops and their reasons. Where the defect is still
there, the drop is quarantined again after three faults.
${SERVER_HELP}`,
    )
    .action(async (drop: string, options: ReleaseOptions) =>
      (await import('./release.ts')).release(drop, options),
    );
}

function addPayments(livedrops: Command): void {
  connecting(
    livedrops
      .command('payments')
      .description('list the payments of all drops that operators must look at, newest first'),
  )
    .addOption(new Option('--kind <kind>', 'only those of this kind').choices(PROBLEM_KINDS))
    .option('--open', 'only those that are open')
    .option('--limit <n>', 'number of payments', integer(1, PAYMENTS_LISTED_MAX), 100)
    .option('--watch', 'refresh each second, until Ctrl-C')
    .addHelpText('after', `${PAYMENTS_HELP}\n${SERVER_HELP}`)
    .action(async (options: PaymentsOptions) => (await import('./payments.ts')).payments(options));
}

function addRefunds(livedrops: Command): void {
  const refunds = livedrops
    .command('refunds')
    .description('list refunds that the payment provider did not make, or settle one')
    .addHelpText('after', REFUNDS_HELP);
  connecting(
    refunds.command('list', { isDefault: true }).description('list the refunds, newest first'),
  )
    .addOption(new Option('--state <state>', 'only refunds in this state').choices(REFUND_STATES))
    .option('--limit <n>', 'number of refunds', integer(1, REFUNDS_LISTED_MAX), 100)
    .option('--watch', 'refresh each second, until Ctrl-C')
    .addHelpText('after', SERVER_HELP)
    .action(async (options: RefundsOptions) => (await import('./refunds.ts')).refunds(options));
  const changing = (name: string, description: string): Command =>
    connecting(refunds.command(name).description(description))
      .argument('<id>', 'refund id', refundId)
      .option('--dry-run', 'only print what the refund would be')
      .addHelpText('after', SERVER_HELP);
  changing('retry', 'have a refund attempted again, within a second or two').action(
    async (id: string, options: RefundChangeOptions) =>
      (await import('./refunds.ts')).retryRefund(id, options),
  );
  changing('dismiss', 'settle a refund without the provider: it is not attempted again')
    .addOption(
      new Option('--reason <text>', 'why, for the record')
        .argParser(line(REFUND_REASON_LENGTH_MAX))
        .makeOptionMandatory(),
    )
    .action(async (id: string, options: RefundChangeOptions & { reason: string }) =>
      (await import('./refunds.ts')).dismissRefund(id, options),
    );
}

function addJobs(livedrops: Command): void {
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

function addExport(livedrops: Command): void {
  livedrops
    .command('export')
    .description('write all orders of a drop, as of one version, as CSV or NDJSON')
    .argument('<drop>', 'drop id', dropId)
    .addOption(new Option('--url <url>', 'a node of the cluster').argParser(serverUrl))
    .option('--token <token>', "an access token of the drop's creator or of an operator")
    .addOption(
      new Option('--format <format>', 'the form of the file')
        .choices(EXPORT_FORMATS)
        .default('csv'),
    )
    .option('--output <file>', 'write to this file, which is there only when it is whole')
    .addHelpText(
      'after',
      `
The sale goes on meanwhile. docs/SELLING.md has the columns.

Example:
  livedrops export d_7 --output orders.csv
${SERVER_HELP}`,
    )
    .action(async (drop: string, options: ExportOptions) =>
      (await import('./export-orders.ts')).exportOrders(drop, options),
    );
}

function addStream(livedrops: Command): void {
  connecting(
    livedrops
      .command('changes')
      .description('print the events of all drops and all other changes, a line each'),
  )
    .option('--follow', 'continue with new events and changes, until Ctrl-C')
    .option('--from <position>', 'a printed position, start or now', 'start')
    .addHelpText(
      'after',
      `
--json prints the lines that outside systems consume (docs/CHANGES.md). At the end,
and after Ctrl-C, the last position goes to stderr: --from continues there.
${SERVER_HELP}`,
    )
    .action(async (options: ChangesOptions) => (await import('./changes.ts')).changes(options));
}

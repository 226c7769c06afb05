// The benchmark command. `npm run bench` runs every scenario and writes a result (JSON) and a
// report page (HTML) to bench/results/. `bench/README.md` explains the figures.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { table } from '../operator/table.ts';
import { commitText, currentCommit } from './commit.ts';
import { compareResults } from './compare.ts';
import { comparisonText } from './compare-text.ts';
import { drawProfiles } from './profile/draw-profiles.ts';
import { reportPage } from './report/page.ts';
import { type BenchResult, readResult, ResultError, writeResult } from './result.ts';
import { type RequestedOptions, ROUNDS_DEFAULT, runScenarios, SECONDS_DEFAULT } from './run.ts';
import { count, type Scenario, type ScenarioOption } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import { reportText } from './table.ts';

const IDLE_SAMPLE_MS = 1_000;
const RESULTS = fileURLToPath(new URL('results/', import.meta.url));
const SYSTEM_PACKAGES = fileURLToPath(new URL('../scripts/system-packages.mjs', import.meta.url));
/**
 * Programs that clusters, peers and pages need. A scenario reports a program that could not be
 * installed.
 */
const SERVERS = ['redis-server', 'nats-server', 'postgresql', 'chromium'];

interface CommandOptions extends Pick<RequestedOptions, 'peers'> {
  readonly rounds?: number;
  readonly seconds?: number;
  readonly profile?: true;
  readonly json?: true;
  readonly save: boolean;
}

const program = new Command('bench')
  .description('Measures LiveDrops on this machine, beside alternatives.')
  .usage('[scenario] [options]')
  // Options behind a scenario's name belong to the scenario.
  .enablePositionalOptions()
  .showHelpAfterError('(bench --help lists scenarios and options)')
  .addHelpText(
    'after',
    `
Without a scenario, all scenarios run, one after the other.

Examples:
  npm run bench
  npm run bench -- order-hot --rounds 5 --connections 64
  npm run bench -- order-hot --profile
  npm run bench -- compare bench/results/A.json bench/results/B.json`,
  );

withCommonOptions(program, 'set by each scenario', 'set by each scenario')
  .allowExcessArguments()
  .action(async (options: CommandOptions, { args: [unknown] }: Command) => {
    if (unknown !== undefined) program.error(`error: there is no scenario ${unknown}`);
    const everyday = scenarios.filter(({ longRunning }) => longRunning !== true);
    await run(everyday, options, {}, null);
  });

for (const scenario of scenarios) {
  const command = program.command(scenario.name).description(scenario.description);
  for (const option of scenario.options) command.addOption(commanderOption(option));
  const { rounds: usual = ROUNDS_DEFAULT, seconds: long = SECONDS_DEFAULT } =
    scenario.defaults ?? {};
  withCommonOptions(command, usual, long).action(
    ({
      rounds,
      seconds,
      profile,
      peers,
      json,
      save,
      ...own
    }: CommandOptions & Record<string, unknown>) =>
      run([scenario], { rounds, seconds, profile, peers, json, save }, own, scenario.name),
  );
}

program
  .command('list')
  .description('list the scenarios')
  .action(() => {
    const rows = scenarios.map(({ name, description, longRunning }) => [
      name,
      longRunning === true ? `${description} (runs only by its name)` : description,
    ]);
    process.stdout.write(table(['scenario', 'what it measures'], rows));
  });

program
  .command('compare')
  .description('compare two results and show the changes beyond the noise')
  .argument('<before>', 'the first result (JSON)')
  .argument('<after>', 'the second result (JSON)')
  .option('--json', 'print the comparison as JSON')
  .action((before: string, after: string, { json }: { json?: true }) => {
    const comparison = compareResults(
      readResult(resultFile(before)),
      readResult(resultFile(after)),
    );
    process.stdout.write(
      json === true ? `${JSON.stringify(comparison, null, 2)}\n` : comparisonText(comparison),
    );
  });

program
  .command('report')
  .description('write the report page of a result again')
  .argument('<result>', 'a result (JSON)')
  .action((result: string) => {
    const file = resultFile(result);
    process.stdout.write(`${writePage(file, readResult(file))}\n`);
  });

/** The defaults appear only in the help text. Without the option, the scenario chooses. */
function withCommonOptions(
  command: Command,
  rounds: number | string,
  seconds: number | string,
): Command {
  return command
    .option('--rounds <n>', `measurements of each subject (default: ${rounds})`, parser(count))
    .option('--seconds <n>', `seconds of each measurement (default: ${seconds})`, parser(count))
    .option('--no-peers', 'measure only LiveDrops and the ceilings')
    .option('--profile', "write CPU profiles and flame graphs of LiveDrops' processes")
    .option('--json', 'print the result as JSON instead of tables')
    .option('--no-save', 'write no result and no page');
}

function commanderOption({ flags, description, parse, default: value }: ScenarioOption): Option {
  const option = new Option(flags, description);
  if (parse !== undefined) option.argParser(parser(parse));
  return value === undefined ? option : option.default(value);
}

/** Turns an error of a parser into wrong usage. */
function parser<Value>(parse: (text: string) => Value): (text: string) => Value {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  };
}

async function run(
  chosen: readonly Scenario[],
  { json, peers, profile, rounds, save, seconds }: CommandOptions,
  own: Record<string, unknown>,
  scenario: string | null,
): Promise<void> {
  spawnSync(process.execPath, [SYSTEM_PACKAGES, ...SERVERS], { stdio: ['ignore', 2, 2] });
  const name = freeName(scenario);
  const profileDirectory = profile === true ? join(RESULTS, `${name}-profile`) : null;
  const file = join(RESULTS, `${name}.json`);
  const log = (line: string): void => void process.stderr.write(`${line}\n`);
  const result = await runScenarios({
    scenarios: chosen,
    requested: { rounds, seconds, peers, own },
    command: ['npm run bench', ...process.argv.slice(2)].join(' ').replace('bench ', 'bench -- '),
    profileDirectory,
    idleSampleMs: IDLE_SAMPLE_MS,
    log,
    save: (soFar) => {
      if (save) writeResult(file, soFar);
    },
  });
  process.stdout.write(
    json === true
      ? `${JSON.stringify(result, null, 2)}\n`
      : result.runs.map(({ report }) => `\n${reportText(report)}`).join(''),
  );
  if (profileDirectory !== null) showProfiles(profileDirectory, log);
  if (save) log(`\n${file}\n${writePage(file, result)}`);
  for (const { scenario: failed, error } of result.failures) log(`${failed} failed: ${error}`);
  if (result.failures.length > 0) process.exitCode = 1;
}

/** A name such as `2026-11-22T0815-bc4e31e` that no earlier result has. */
function freeName(scenario: string | null): string {
  const minute = new Date().toISOString().slice(0, 16).replace(':', '');
  const name = `${minute}-${commitText(currentCommit())}${scenario === null ? '' : `-${scenario}`}`;
  const taken = (tried: string) => existsSync(join(RESULTS, `${tried}.json`));
  if (!taken(name)) return name;
  let number = 2;
  while (taken(`${name}-${number}`)) number += 1;
  return `${name}-${number}`;
}

function showProfiles(directory: string, log: (line: string) => void): void {
  for (const scenario of readdirSync(directory)) {
    const drawn = drawProfiles(join(directory, scenario));
    if (drawn.length === 0) {
      log(`${scenario} wrote no profile`);
      rmdirSync(join(directory, scenario));
    }
    for (const path of drawn) log(path);
  }
}

/** Returns the path of the page. */
function writePage(file: string, result: BenchResult): string {
  const page = file.replace(/(\.json)?$/, '.html');
  writeFileSync(page, reportPage(result));
  return page;
}

/** A path, or the name of a result in bench/results/. */
function resultFile(given: string): string {
  const inResults = [given, `${given}.json`].map((name) => join(RESULTS, name));
  return [given, ...inResults].find((path) => existsSync(path)) ?? given;
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof ResultError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

// The measuring command: `npm run bench` runs every scenario and leaves a result (JSON) and a page
// made from it in bench/results/; `bench/README.md` says what the figures mean.

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
import { type Asked, ROUNDS_DEFAULT, runScenarios, SECONDS_DEFAULT } from './run.ts';
import { count, type Scenario, type ScenarioOption } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import { reportText } from './table.ts';

const LOOK_AROUND_MS = 1_000;
const RESULTS = fileURLToPath(new URL('results/', import.meta.url));
const SYSTEM_PACKAGES = fileURLToPath(new URL('../scripts/system-packages.mjs', import.meta.url));
/** What clusters and peers are made of. What is not there after all is told by the scenario that lacks it. */
const SERVERS = ['redis-server', 'nats-server', 'postgresql'];

interface Given extends Pick<Asked, 'peers'> {
  readonly rounds?: number;
  readonly seconds?: number;
  readonly profile?: true;
  readonly json?: true;
  readonly save: boolean;
}

const program = new Command('bench')
  .description('Measures LiveDrops on this machine, beside what people would use instead.')
  .usage('[scenario] [options]')
  // So that `--rounds` behind a scenario's name is the scenario's.
  .enablePositionalOptions()
  .showHelpAfterError('(bench --help tells more)')
  .addHelpText(
    'after',
    `
Without a scenario all of them run, one after the other.

Examples:
  npm run bench
  npm run bench -- order-hot --rounds 5 --connections 64
  npm run bench -- order-hot --profile
  npm run bench -- compare bench/results/A.json bench/results/B.json`,
  );

withCommonOptions(program, 'as each scenario has it', 'as each scenario has it')
  .allowExcessArguments()
  .action(async (given: Given, { args: [unknown] }: Command) => {
    if (unknown !== undefined) program.error(`error: there is no scenario ${unknown}`);
    const everyday = scenarios.filter(({ longRunning }) => longRunning !== true);
    await run(everyday, given, {}, null);
  });

for (const scenario of scenarios) {
  const command = program.command(scenario.name).description(scenario.description);
  for (const option of scenario.options) command.addOption(commanderOption(option));
  const { rounds: usual = ROUNDS_DEFAULT, seconds: long = SECONDS_DEFAULT } =
    scenario.defaults ?? {};
  withCommonOptions(command, usual, long).action(
    ({ rounds, seconds, profile, peers, json, save, ...own }: Given & Record<string, unknown>) =>
      run([scenario], { rounds, seconds, profile, peers, json, save }, own, scenario.name),
  );
}

program
  .command('list')
  .description('the scenarios')
  .action(() => {
    const rows = scenarios.map(({ name, description, longRunning }) => [
      name,
      longRunning === true ? `${description} (only when named)` : description,
    ]);
    process.stdout.write(table(['scenario', 'what it measures'], rows));
  });

program
  .command('compare')
  .description('two results, figure by figure: what changed by more than the noise')
  .argument('<before>', 'a result (JSON)')
  .argument('<after>', 'another')
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
  .description('make the page of a result again')
  .argument('<result>', 'a result (JSON)')
  .action((result: string) => {
    const file = resultFile(result);
    process.stdout.write(`${writePage(file, readResult(file))}\n`);
  });

/** The defaults are told only: without the option it is the scenario that chooses. */
function withCommonOptions(
  command: Command,
  rounds: number | string,
  seconds: number | string,
): Command {
  return command
    .option('--rounds <n>', `how often everything is measured (default: ${rounds})`, parser(count))
    .option('--seconds <n>', `length of each measurement (default: ${seconds})`, parser(count))
    .option('--no-peers', 'LiveDrops and the ceilings alone')
    .option('--profile', "CPU profiles and flame graphs of LiveDrops' processes, beside the result")
    .option('--json', 'print the result as JSON instead of tables')
    .option('--no-save', 'leave no result and no page');
}

function commanderOption({ flags, description, parse, default: value }: ScenarioOption): Option {
  const option = new Option(flags, description);
  if (parse !== undefined) option.argParser(parser(parse));
  return value === undefined ? option : option.default(value);
}

/** What a parser throws is wrong usage, not a fault. */
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
  { json, peers, profile, rounds, save, seconds }: Given,
  own: Record<string, unknown>,
  scenario: string | null,
): Promise<void> {
  spawnSync(process.execPath, [SYSTEM_PACKAGES, ...SERVERS], { stdio: ['ignore', 2, 2] });
  const name = freeName(scenario);
  const profileDirectory = profile === true ? join(RESULTS, `${name}-profile`) : null;
  const file = join(RESULTS, `${name}.json`);
  const tell = (line: string): void => void process.stderr.write(`${line}\n`);
  const result = await runScenarios({
    scenarios: chosen,
    asked: { rounds, seconds, peers, own },
    command: ['npm run bench', ...process.argv.slice(2)].join(' ').replace('bench ', 'bench -- '),
    profileDirectory,
    lookAroundMs: LOOK_AROUND_MS,
    tell,
    save: (soFar) => {
      if (save) writeResult(file, soFar);
    },
  });
  process.stdout.write(
    json === true
      ? `${JSON.stringify(result, null, 2)}\n`
      : result.runs.map(({ report }) => `\n${reportText(report)}`).join(''),
  );
  if (profileDirectory !== null) showProfiles(profileDirectory, tell);
  if (save) tell(`\n${file}\n${writePage(file, result)}`);
  for (const { scenario: failed, error } of result.failures) tell(`${failed} failed: ${error}`);
  if (result.failures.length > 0) process.exitCode = 1;
}

/** `2026-11-22T0815-bc4e31e`: nothing that was measured is overwritten. */
function freeName(scenario: string | null): string {
  const minute = new Date().toISOString().slice(0, 16).replace(':', '');
  const name = `${minute}-${commitText(currentCommit())}${scenario === null ? '' : `-${scenario}`}`;
  const taken = (tried: string) => existsSync(join(RESULTS, `${tried}.json`));
  if (!taken(name)) return name;
  let number = 2;
  while (taken(`${name}-${number}`)) number += 1;
  return `${name}-${number}`;
}

function showProfiles(directory: string, tell: (line: string) => void): void {
  for (const scenario of readdirSync(directory)) {
    const drawn = drawProfiles(join(directory, scenario));
    if (drawn.length === 0) {
      tell(`${scenario} left no profile`);
      rmdirSync(join(directory, scenario));
    }
    for (const path of drawn) tell(path);
  }
}

/** Where the page is. */
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

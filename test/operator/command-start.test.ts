import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { runCommand } from './run-command.ts';

const COUNT = fileURLToPath(new URL('typebox-count.ts', import.meta.url));
/** Nothing listens there, since Node refuses the port. */
const NAMED = ['--url', 'http://127.0.0.1:9', '--token', 'any'];

/** The modules of TypeBox that the command loads. */
async function typeBoxModules(args: readonly string[]): Promise<number> {
  const environment = { NODE_OPTIONS: `--import=${COUNT}` };
  const { stderr } = await runCommand(args, { environment });
  return Number(stderr.trimEnd().split('\n').at(-1));
}

for (const args of [
  ['--version'],
  ['move', '--help'],
  ['nodes', ...NAMED],
  ['move', '1', 'node-2', ...NAMED],
  ['bans', ...NAMED],
  ['refunds', ...NAMED],
  ['verify', ...NAMED],
]) {
  test(`\`${args.join(' ')}\` loads no TypeBox, which takes longer than all else`, async (t) => {
    t.is(await typeBoxModules(args), 0);
  });
}

test('a command that reads the settings loads TypeBox', async (t) => {
  t.true((await typeBoxModules(['config'])) > 100);
});

test('`npx livedrops` runs with what Node compiled before', (t) => {
  const command = fileURLToPath(new URL('../../operator/livedrops.mjs', import.meta.url));
  const preload = `data:text/javascript,${encodeURIComponent(
    "import{getCompileCacheDir as d}from'node:module';console.log(d())",
  )}`;
  const stdout = execFileSync(process.execPath, [command, '--version'], {
    env: { NODE_OPTIONS: `--import=${preload}` },
    encoding: 'utf8',
  });
  t.regex(stdout, /^undefined\n.*node_modules\/\.cache\/compiled\/.+\n\d+\.\d+\.\d+\n$/);
});

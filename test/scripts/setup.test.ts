// Runs the real set-up in a made-up clone whose `npm` is a small script that notes how it was
// called, and makes what the real one would.

import { execFile } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';

const SCRIPTS = fileURLToPath(new URL('../../scripts', import.meta.url));
const ADDON_NAME = `uws_linux_${process.arch}_137.node`;
const ADDON = fileURLToPath(
  new URL(`../../node_modules/uWebSockets.js/${ADDON_NAME}`, import.meta.url),
);

const NPM = `#!/bin/sh
echo "$@" >> npm-calls
[ -e npm-fails ] && { echo "request failed, reason: getaddrinfo ENOTFOUND" >&2; exit 1; }
if [ "$1" = ci ]; then
  node -p process.version > npm-node-version
  rm -rf node_modules
  mkdir -p node_modules/.bin node_modules/uWebSockets.js
  cp addon.node node_modules/uWebSockets.js/${ADDON_NAME}
else
  printf '#!/bin/sh\\necho v24.0.0\\n' > node_modules/.bin/node
  chmod +x node_modules/.bin/node
fi
`;

interface Clone {
  readonly directory: string;
  run(): Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** What npm was called with so far. */
  npmCalls(): string[];
}

function clone(t: ExecutionContext): Clone {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-setup-test-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  cpSync(SCRIPTS, join(directory, 'scripts'), { recursive: true });
  cpSync(ADDON, join(directory, 'addon.node'));
  writeFileSync(join(directory, 'package-lock.json'), JSON.stringify({ packages: { '': {} } }));
  mkdirSync(join(directory, 'bin'));
  writeFileSync(join(directory, 'bin', 'npm'), NPM);
  chmodSync(join(directory, 'bin', 'npm'), 0o755);
  const path = [join(directory, 'bin'), dirname(process.execPath), '/usr/bin', '/bin'];
  return {
    directory,
    run: () =>
      new Promise((resolve) => {
        const child = execFile(
          process.execPath,
          [join(directory, 'scripts', 'setup.mjs')],
          { env: { PATH: path.join(delimiter) } },
          (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
        );
      }),
    npmCalls: () => {
      const calls = join(directory, 'npm-calls');
      return existsSync(calls) ? readFileSync(calls, 'utf8').trimEnd().split('\n') : [];
    },
  };
}

test('a fresh clone is installed once, without running install scripts unasked', async (t) => {
  const fresh = clone(t);
  const first = await fresh.run();
  t.is(first.code, 0, first.stderr);
  t.is(first.stdout, '');
  t.regex(first.stderr, /installing packages/);
  t.like(fresh.npmCalls(), {
    length: 2,
    0: 'ci --include=dev --ignore-scripts --no-audit --no-fund --loglevel=error',
    1: 'rebuild node --include=dev --ignore-scripts=false --loglevel=error',
  });

  const second = await fresh.run();
  t.deepEqual(second, { code: 0, stdout: '', stderr: '' });
  t.is(fresh.npmCalls().length, 2);
});

test('another lock is installed anew', async (t) => {
  const changed = clone(t);
  await changed.run();
  const lock = { packages: { '': {}, 'node_modules/x': { version: '1.0.0' } } };
  writeFileSync(join(changed.directory, 'package-lock.json'), JSON.stringify(lock));
  await changed.run();
  t.is(changed.npmCalls().length, 4);
});

test('npm chooses packages for the Node of the lock, not for its own', async (t) => {
  const older = clone(t);
  const lock = { packages: { '': {}, 'node_modules/node': { version: '24.98.7' } } };
  writeFileSync(join(older.directory, 'package-lock.json'), JSON.stringify(lock));
  t.is((await older.run()).code, 0);
  const seen = readFileSync(join(older.directory, 'npm-node-version'), 'utf8');
  t.is(seen.trim(), 'v24.98.7');
});

test('what somebody installed by hand, and matches the lock, is taken as it is', async (t) => {
  const installed = clone(t);
  await installed.run();
  const lock = {
    packages: {
      '': {},
      'node_modules/x': { version: '1.0.0', integrity: 'sha512-x' },
      'node_modules/for-another-platform': { version: '1.0.0', optional: true },
    },
  };
  writeFileSync(join(installed.directory, 'package-lock.json'), JSON.stringify(lock));
  const hidden = { packages: { 'node_modules/x': lock.packages['node_modules/x'] } };
  const hiddenPath = join(installed.directory, 'node_modules', '.package-lock.json');
  writeFileSync(hiddenPath, JSON.stringify(hidden));
  t.is((await installed.run()).code, 0);
  t.is(installed.npmCalls().length, 2);
});

test('two at once install once, and both succeed', async (t) => {
  const shared = clone(t);
  const results = await Promise.all([shared.run(), shared.run(), shared.run()]);
  t.deepEqual(
    results.map(({ code }) => code),
    [0, 0, 0],
  );
  t.is(shared.npmCalls().length, 2);
});

test('without a network it says so, fails, and the next run tries again', async (t) => {
  const offline = clone(t);
  const failing = join(offline.directory, 'npm-fails');
  writeFileSync(failing, '');
  const { code, stderr } = await offline.run();
  t.is(code, 1);
  t.regex(stderr, /LiveDrops: npm could not fetch the packages: the package registry cannot be/);
  t.notRegex(stderr, /\n\s+at /);
  rmSync(failing);
  t.is((await offline.run()).code, 0);
});

test('pages are built once, and again when a source of theirs has changed', async (t) => {
  const withPages = clone(t);
  const { directory } = withPages;
  mkdirSync(join(directory, 'web', 'dist'), { recursive: true });
  writeFileSync(join(directory, 'web', 'index.html'), 'one');
  // Its Node answers `--version` and builds nothing.
  const builds = join(directory, 'builds');
  const node = `#!/bin/sh\n[ "$1" = --version ] && echo v24.0.0 || echo "$1" >> ${builds}\n`;
  const npm = join(directory, 'bin', 'npm');
  writeFileSync(npm, NPM.replace(/printf '.*' >/, `cat ${directory}/node.sh >`));
  writeFileSync(join(directory, 'node.sh'), node);
  const built = (): number =>
    existsSync(builds) ? readFileSync(builds, 'utf8').trimEnd().split('\n').length : 0;
  t.is((await withPages.run()).code, 0);
  t.is(built(), 1);
  t.deepEqual(await withPages.run(), { code: 0, stdout: '', stderr: '' });
  t.is(built(), 1);
  writeFileSync(join(directory, 'web', 'index.html'), 'two');
  t.is((await withPages.run()).code, 0);
  t.is(built(), 2);
  t.is(withPages.npmCalls().length, 2);
});

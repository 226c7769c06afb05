// Prepares a clone to run: installs the packages of the lock file, the Node 24 among them, makes
// the HTTP addon load on this libc, and builds the pages for browsers. Plain JavaScript for Node 18
// or later, since it runs before anything is installed. If there is nothing to do, it prints
// nothing and only reads the lock file and the sources of the pages. The server itself is not
// built: it runs from its sources.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PAGES_STAMP_FILE, pagesAreBuilt, pagesStamp } from './pages-stamp.mjs';
import { relinkAddon } from './uws-relink.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LOCK_FILE = join(ROOT, 'package-lock.json');
const MODULES = join(ROOT, 'node_modules');
const NODE = join(MODULES, '.bin', 'node');
/** In node_modules, so that the stamp disappears together with that folder. */
const STAMP = join(MODULES, '.livedrops-setup');
const NPM_NODE_VERSION = join(ROOT, 'scripts', 'npm-node-version.cjs');
const NODE_OLDEST_MAJOR = 18;
const NODE_NEEDED_MAJOR = 24;
const NODE_NEEDED_ABI = 137;
const PLATFORMS = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];
/** The addon is built against glibc 2.38. */
const GLIBC_MINOR_OF_ADDON = 38;
const OTHER_RUN_WAIT_MS = 10 * 60_000;
const OTHER_RUN_LOOK_MS = 200;

/** The set-up is impossible. The message is for the person at the terminal. */
class SetupError extends Error {}

function main() {
  const stamp = wantedStamp();
  if (isDone(stamp) && pagesAreBuilt()) return;
  checkMachine();
  withMutex(() => {
    if (!isDone(stamp)) {
      if (!installedMatchesLock() || !nodeRuns()) install();
      if (!nodeRuns())
        throw new SetupError(`${NODE} does not run here, although it was installed.`);
      relinkIfNeeded();
      writeFileSync(STAMP, stamp);
    }
    if (!pagesAreBuilt()) buildPages();
  });
}

function buildPages() {
  const stamp = pagesStamp();
  const { status, stderr } = spawnSync(NODE, [join(ROOT, 'scripts', 'pages.ts')], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  // Last, and of the sources before: a build that was cut off, or overtaken, is begun again.
  if (status === 0) return writeFileSync(PAGES_STAMP_FILE, stamp);
  process.stderr.write(stderr);
  throw new SetupError('The pages could not be built; why is above.');
}

function wantedStamp() {
  const hash = createHash('sha256').update(readFileSync(LOCK_FILE)).digest('hex');
  return `${hash} ${process.platform}-${process.arch}\n`;
}

function isDone(stamp) {
  return existsSync(NODE) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp;
}

function checkMachine() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < NODE_OLDEST_MAJOR) {
    throw new SetupError(
      `This is Node ${process.versions.node}; setting up needs Node ${NODE_OLDEST_MAJOR} ` +
        `or newer. (What runs afterwards is the Node ${NODE_NEEDED_MAJOR} that is installed ` +
        'with the packages.)',
    );
  }
  const platform = `${process.platform}-${process.arch}`;
  if (!PLATFORMS.includes(platform)) {
    throw new SetupError(`LiveDrops runs on ${PLATFORMS.join(', ')}; this is ${platform}.`);
  }
  if (process.platform === 'linux' && glibcMinor() === null) {
    throw new SetupError(
      'LiveDrops needs glibc, and this Linux (Alpine?) has another libc: its HTTP server, ' +
        'uWebSockets.js, has no build for it. Debian, Ubuntu and Fedora work.',
    );
  }
}

/** Returns 36 for glibc 2.36; null if the libc is not glibc. */
function glibcMinor() {
  const version = process.report.getReport().header.glibcVersionRuntime;
  return version === undefined ? null : Number(version.split('.')[1]);
}

/**
 * True if npm's record of installed packages matches the lock file: then a person has run npm
 * already. Optional packages for other platforms are absent.
 */
function installedMatchesLock() {
  const installedPath = join(MODULES, '.package-lock.json');
  if (!existsSync(installedPath)) return false;
  const wanted = JSON.parse(readFileSync(LOCK_FILE, 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedPath, 'utf8')).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const present = installed[path];
    if (present === undefined) return entry.optional === true;
    return present.version === entry.version && present.integrity === entry.integrity;
  });
}

function nodeRuns() {
  const { stdout } = spawnSync(NODE, ['--version'], { encoding: 'utf8' });
  return typeof stdout === 'string' && stdout.startsWith(`v${NODE_NEEDED_MAJOR}.`);
}

function install() {
  process.stderr.write('LiveDrops: installing packages, once, a few minutes...\n');
  // Only the install script that downloads Node is needed. The other packages contain prebuilt
  // binaries, and their scripts would compile them again.
  const options = [process.env.NODE_OPTIONS, '--require', JSON.stringify(NPM_NODE_VERSION)];
  npm(['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund'], 'the packages', {
    NODE_OPTIONS: options.filter(Boolean).join(' '),
  });
  npm(['rebuild', 'node', '--include=dev', '--ignore-scripts=false'], `Node ${NODE_NEEDED_MAJOR}`);
}

function npm(args, what, environment = {}) {
  // npm must run on the machine's own Node, since npm replaces the one in node_modules.
  const ownBin = join(MODULES, '.bin');
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ownBin);
  const { status, error, stderr } = spawnSync('npm', [...args, '--loglevel=error'], {
    cwd: ROOT,
    env: { ...process.env, ...environment, PATH: path.join(delimiter) },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (error?.code === 'ENOENT') throw new SetupError('npm was not found; it comes with Node.');
  if (status === 0) return;
  process.stderr.write(stderr ?? '');
  const network = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH/.test(stderr);
  throw new SetupError(
    network
      ? `npm could not fetch ${what}: the package registry cannot be reached. ` +
          'Once it can, run the same command again.'
      : `npm could not install ${what}; its own words are above.`,
  );
}

function relinkIfNeeded() {
  if (process.platform !== 'linux' || glibcMinor() >= GLIBC_MINOR_OF_ADDON) return;
  const addon = `uws_linux_${process.arch}_${NODE_NEEDED_ABI}.node`;
  relinkAddon(join(MODULES, 'uWebSockets.js', addon));
}

/** Runs `work` under a lock of this clone; waits for a running set-up. */
function withMutex(work) {
  const name = createHash('sha256').update(ROOT).digest('hex').slice(0, 16);
  const mutex = join(tmpdir(), `livedrops-setup-${name}`);
  const giveUpAt = Date.now() + OTHER_RUN_WAIT_MS;
  for (;;) {
    try {
      writeFileSync(mutex, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!ownerLives(mutex)) {
      rmSync(mutex, { force: true });
      continue;
    }
    if (Date.now() > giveUpAt) throw new SetupError(`Another set-up holds ${mutex} for too long.`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, OTHER_RUN_LOOK_MS);
  }
  try {
    work();
  } finally {
    rmSync(mutex, { force: true });
  }
}

function ownerLives(mutex) {
  try {
    const pid = Number(readFileSync(mutex, 'utf8'));
    // The id is written a moment after the file is created: an empty file is a set-up just
    // starting.
    if (pid !== 0) process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

try {
  main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`LiveDrops: ${error.message}\n`);
  process.exitCode = 1;
}

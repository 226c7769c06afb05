// Looks for the servers of the named Debian packages and installs missing ones with apt-get if
// possible. A missing server is reported but is no failure: LiveDrops on one machine needs none.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The file that shows an installed package, if it is not a program with the package's name. */
const FOUND_BY = { postgresql: '/usr/lib/postgresql' };
/** The folders of Debian's servers, which are not on every user's PATH. */
const SYSTEM_FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/local/bin'];
const APT_TIMEOUT_MS = 5 * 60_000;

function findProgram(name) {
  if (name.startsWith('/')) return existsSync(name);
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  return folders.some((folder) => folder !== '' && existsSync(join(folder, name)));
}

function missing() {
  return process.argv.slice(2).filter((name) => !findProgram(FOUND_BY[name] ?? name));
}

function apt(...args) {
  const { status } = spawnSync('apt-get', ['-qq', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: APT_TIMEOUT_MS,
  });
  return status === 0;
}

const wanted = missing();
if (wanted.length > 0) {
  const names = wanted.join(' and ');
  const mayInstall = process.getuid?.() === 0 && findProgram('apt-get');
  if (mayInstall) {
    process.stderr.write(`LiveDrops: installing ${names} by apt-get...\n`);
    const install = ['install', '--yes', '--no-install-recommends', ...wanted];
    // A fresh machine has no package lists; the lists of an older machine may be good enough.
    if (!apt(...install) && apt('update')) apt(...install);
  }
  const absent = missing();
  if (absent.length > 0) {
    process.stderr.write(
      `LiveDrops: ${absent.join(' and ')} not found: what needs them is left out. ` +
        `On Debian: apt-get install ${absent.join(' ')}\n`,
    );
  }
}

// Removes from the packages of an image what no server loads: addons for other platforms and other
// versions of Node, packages for another libc, and files that are for people and compilers.
// Licences stay. Run by the Node of the image, on the platform of the image.

import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, extname, join } from 'node:path';

const MODULES = join(import.meta.dirname, '..', 'node_modules');
/** Results of builds, with the time of set-up. */
const CACHES = ['.cache', '.vite', '.vite-temp', '.livedrops-setup'];
/** Node runs no TypeScript of packages, and no source map is asked for. */
const NOT_LOADED = new Set(
  '.map .ts .mts .cts .tsx .flow .md .markdown .c .cc .cpp .h .hpp .gyp .gypi'.split(' '),
);
/** As in `uws_linux_x64_137.node`, `linuxmusl-arm64.node`, `sharp-linux-x64-0.35.5.node`. */
const PLATFORM = /(linuxmusl|linux|darwin|win32)[-_](x64|arm64)/;
const ABI = /_(\d+)\.node$/;

function isForHere(addon: string): boolean {
  const [, system, cpu] = PLATFORM.exec(addon) ?? [];
  if (system !== undefined && (system !== process.platform || cpu !== process.arch)) return false;
  const abi = ABI.exec(addon)?.[1];
  return abi === undefined || abi === process.versions.modules;
}

function isLoaded(file: string): boolean {
  const extension = extname(file);
  return extension === '.node' ? isForHere(basename(file)) : !NOT_LOADED.has(extension);
}

/** npm before version 10 installs packages for every libc. */
function isForOtherLibc(manifest: string): boolean {
  const { libc } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly libc?: string[] };
  return Array.isArray(libc) && !libc.includes('glibc');
}

function files(): string[] {
  return readdirSync(MODULES, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

for (const name of CACHES) rmSync(join(MODULES, name), { recursive: true, force: true });
for (const file of files()) {
  if (basename(file) !== 'package.json' || !isForOtherLibc(file)) continue;
  rmSync(join(file, '..'), { recursive: true });
}
for (const file of files()) if (!isLoaded(file)) rmSync(file);

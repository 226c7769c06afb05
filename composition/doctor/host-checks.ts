// Checks of the machine and of what is installed on it: Node, packages, the HTTP addon, files that
// may be open, and time zones.

import { readFileSync } from 'node:fs';
import { type Check, fail, type Finding, ok, warn } from './check.ts';

const ROOT = new URL('../../', import.meta.url);
/** Types are stripped, and SQLite's addon is built for it. */
const NODE_MAJOR_MIN = 24;
/** A connection each, and some hundred for files. */
const OPEN_FILES_RIGHT = 65_536;
const OPEN_FILES_MIN = 4_096;
const SET_UP = 'run `npm run setup` in its folder';

export function hostChecks(): readonly Check[] {
  return [
    { name: 'node', run: () => [node(process.versions.node)] },
    { name: 'packages', run: packages },
    { name: 'http addon', run: httpAddon },
    { name: 'open files', run: openFilesHere },
    { name: 'time zones', run: () => [timeZones()] },
  ];
}

export function node(version: string): Finding {
  const text = `Node ${version}`;
  return Number(version.split('.', 1)[0]) >= NODE_MAJOR_MIN
    ? ok('node', text)
    : fail('node', text, `run it with Node ${NODE_MAJOR_MIN}, which \`npm run setup\` installs`);
}

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

function manifestOf(folder: URL): Manifest {
  return JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as Manifest;
}

function packages(): Finding[] {
  const { version, dependencies } = manifestOf(ROOT);
  const wrong: string[] = [];
  for (const [name, wanted] of Object.entries(dependencies)) {
    const found = installedVersion(name);
    if (found === null) wrong.push(`${name} is missing`);
    else if (/^\d/.test(wanted) && found !== wanted) wrong.push(`${name} is ${found}`);
  }
  const text = `LiveDrops ${version}, ${Object.keys(dependencies).length} packages`;
  if (wrong.length === 0) return [ok('packages', text)];
  return [fail('packages', `${text}; ${wrong.join(', ')}`, SET_UP)];
}

function installedVersion(name: string): string | null {
  try {
    return manifestOf(new URL(`node_modules/${name}/`, ROOT)).version;
  } catch {
    return null;
  }
}

async function httpAddon(): Promise<Finding[]> {
  const name = 'http addon';
  try {
    await import('../../gateway/http/server.ts');
    return [ok(name, 'uWebSockets.js loads')];
  } catch (error) {
    const text = `uWebSockets.js does not load: ${(error as Error).message.split('\n', 1)[0]}`;
    return [fail(name, text, `${SET_UP}, which links it to this machine's glibc`)];
  }
}

/** The part of Node's report that is used here. */
export interface LimitsReport {
  readonly userLimits?: { readonly open_files?: { readonly soft: number | 'unlimited' } };
}

/** The soft limit of this process, which a server started from here has, on Linux and macOS. */
function openFilesHere(): Finding[] {
  // It would look up the names of peers. The types do not know the property.
  const report = Object.assign(process.report, { excludeNetwork: true });
  return openFilesOf(report.getReport());
}

export function openFilesOf({ userLimits }: LimitsReport): Finding[] {
  const soft = userLimits?.open_files?.soft;
  if (soft === undefined) return [];
  return [openFiles(soft === 'unlimited' ? null : soft)];
}

/** Null: unlimited. */
export function openFiles(limit: number | null): Finding {
  const name = 'open files';
  const text = limit === null ? 'no limit' : `at most ${limit}`;
  if (limit === null || limit >= OPEN_FILES_RIGHT) return ok(name, text);
  const remedy = `raise it to ${OPEN_FILES_RIGHT}: \`ulimit -n\`, or LimitNOFILE of systemd`;
  const says = `${text}, a connection of a client takes one`;
  return limit < OPEN_FILES_MIN ? fail(name, says, remedy) : warn(name, says, remedy);
}

function timeZones(): Finding {
  const name = 'time zones';
  const summer = new Date('2026-07-01T12:00:00Z');
  const zone = { timeZone: 'America/New_York', hour: '2-digit', hourCycle: 'h23' } as const;
  const isThere = new Intl.DateTimeFormat('en', zone).format(summer) === '08';
  const version = process.versions['tz'] ?? 'of unknown version';
  return isThere
    ? ok(name, `data ${version}`)
    : fail(name, 'Node has no time zone data', 'use a Node with full ICU, as the lock file has');
}

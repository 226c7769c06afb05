// Checks every Redis server before the first write. A journal on a server without persistence, with
// eviction, or with late syncs could lose acknowledged orders. `RedisServerWatch` looks again
// later.

import { Cluster, type Redis } from 'ioredis';
import type { Logger } from 'pino';
import { StoreUnavailableError } from '../../ports/journal.ts';
import { answerOf, type RedisConnection } from './connection.ts';

/** The first version with `PEXPIRE GT` and automatic stream ids (`0-*`). */
const VERSION_MIN = [7, 0] as const;

/**
 * Redis may lose acknowledged orders with its settings. The message has a line for each problem.
 */
export class WeakRedisError extends Error {
  readonly code = 'weak-store';
  /** Each problem: the present value and the right one. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      [
        'Redis is not set up to keep orders:',
        ...problems.map((problem) => `  ${problem}`),
        'Change that, or accept the risk of losing acknowledged orders: ' +
          'LIVEDROPS_REDIS_ACCEPT_WEAK=on (see docs/OPERATIONS.md).',
      ].join('\n'),
    );
    this.problems = problems;
  }
}

/** The required settings, the reasons, and the fields of INFO in case CONFIG is forbidden. */
const SETTINGS = [
  {
    name: 'appendonly',
    right: 'yes',
    why: 'without its append-only file a restart loses all data',
    fromInfo: (info: ReadonlyMap<string, string>) => yesOrNo(info.get('aof_enabled')),
  },
  {
    name: 'appendfsync',
    right: 'always',
    why: 'otherwise what was acknowledged may not be on disk yet',
    fromInfo: () => null,
  },
  {
    name: 'no-appendfsync-on-rewrite',
    right: 'no',
    why: 'otherwise nothing is synced while the file is rewritten',
    fromInfo: () => null,
  },
  {
    name: 'maxmemory-policy',
    right: 'noeviction',
    why: 'otherwise journals are evicted when memory is short',
    fromInfo: (info: ReadonlyMap<string, string>) => info.get('maxmemory_policy') ?? null,
  },
] as const;

export interface CheckRedisOptions {
  /** Only log a warning about problems. */
  readonly acceptWeak: boolean;
  readonly log: Logger;
}

/**
 * Resolves if all servers are right or accepted, to what was accepted. Errors: `weak-store`,
 * `store-unavailable`.
 */
export async function checkRedisServers(
  redis: RedisConnection,
  options: CheckRedisOptions,
): Promise<readonly string[]> {
  const problems = await weakSettings(redis);
  if (problems.length > 0 && !options.acceptWeak) throw new WeakRedisError(problems);
  for (const problem of problems) {
    options.log.warn({ problem }, 'Redis may lose acknowledged orders, which was accepted');
  }
  return problems;
}

/**
 * Each setting of a master that could lose acknowledged orders: the present value and the right
 * one. Errors: `store-unavailable`.
 */
export async function weakSettings(redis: RedisConnection): Promise<readonly string[]> {
  const servers = redis instanceof Cluster ? redis.nodes('master') : [redis];
  if (servers.length === 0) throw new StoreUnavailableError('the Redis Cluster has no masters');
  return (await Promise.all(servers.map(problemsOf))).flat();
}

async function problemsOf(server: Redis): Promise<string[]> {
  const where = `${server.options.host}:${server.options.port}`;
  const info = factsOf(await answerOf(server.info()));
  const problems: string[] = [];
  const version = info.get('redis_version') ?? 'of unknown version';
  if (!isRecent(version)) {
    problems.push(`${where} is Redis ${version}; right would be ${VERSION_MIN.join('.')} or newer`);
  }
  if (info.get('role') !== 'master') {
    problems.push(
      `${where} is a ${info.get('role')}; right would be the master, for it is written`,
    );
  }
  for (const { name, right, why, fromInfo } of SETTINGS) {
    const asked = await settingOf(server, name);
    const value = asked.value ?? fromInfo(info);
    if (value === null) {
      const reason = `${asked.refusal}, and INFO does not tell`;
      problems.push(
        `${where} does not tell its ${name} (${reason}); right would be ${right}: ${why}`,
      );
    } else if (value !== right) {
      problems.push(`${where} has ${name} ${value}; right would be ${right}: ${why}`);
    }
  }
  return problems;
}

/** Managed servers rename or forbid CONFIG: the refusal is part of the answer. */
async function settingOf(
  server: Redis,
  name: string,
): Promise<{ value: string | null; refusal: string }> {
  try {
    const found = (await server.config('GET', name)) as string[];
    return { value: found[1] ?? null, refusal: 'CONFIG does not know it' };
  } catch (error) {
    if (!isRefusal(error)) throw new StoreUnavailableError(String(error), { cause: error });
    return { value: null, refusal: `CONFIG is refused: ${error.message}` };
  }
}

function isRefusal(error: unknown): error is Error {
  return error instanceof Error && /^(NOPERM|ERR unknown command)/.test(error.message);
}

/** The fields of an answer to INFO. */
export function factsOf(info: string): Map<string, string> {
  const facts = new Map<string, string>();
  for (const line of info.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) facts.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return facts;
}

function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > VERSION_MIN[0] || (major === VERSION_MIN[0] && minor >= VERSION_MIN[1]);
}

function yesOrNo(flag: string | undefined): string | null {
  if (flag === undefined) return null;
  return flag === '1' ? 'yes' : 'no';
}

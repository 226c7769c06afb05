// Checks of what a cluster stands on: Redis (settings, persistence, replicas, memory, latency,
// clock) and NATS.

import { connect } from 'nats';
import pino from 'pino';
import { natsOptions } from '../../actors/cluster/nats-options.ts';
import { connectRedis } from '../../storage/redis/connection/connection.ts';
import { checkRedisServers, WeakRedisError } from '../../storage/redis/connection/server-checks.ts';
import { type RedisHealth, redisHealth } from '../../storage/redis/connection/server-health.ts';
import type { Config } from '../config.ts';
import type { StoreAddress } from '../store-address.ts';
import { type Check, fail, type Finding, ok, warn } from './check.ts';

const COMMAND_TIMEOUT_MS = 3_000;
const PING_MS_RIGHT = 5;
/** A node whose clock is a second off gets no session. */
const CLOCK_MS_MAX = 1_000;
const CLOCK_MS_RIGHT = 200;
const MEMORY_SHARE_RIGHT = 0.8;
const MIB = 1 << 20;
/** NATS's own default; a batch of commands of one node to another may take it. */
const PAYLOAD_BYTES_RIGHT = 1 << 20;
const NATS_MAJOR_MIN = 2;

type RedisStore = Extract<StoreAddress, { kind: 'redis' }>;

export function storeChecks(config: Config): readonly Check[] {
  const { store, natsUrl } = config;
  return [
    ...(store.kind === 'redis'
      ? [{ name: 'redis', run: () => redisFindings(config, store) } as const]
      : []),
    ...(natsUrl === null ? [] : [{ name: 'nats', run: () => natsFindings(config, natsUrl) }]),
  ];
}

async function redisFindings(config: Config, address: RedisStore): Promise<Finding[]> {
  const log = pino({ level: 'silent' });
  const commandTimeoutMs = COMMAND_TIMEOUT_MS;
  let redis: Awaited<ReturnType<typeof connectRedis>>;
  try {
    redis = await connectRedis({ address, name: 'doctor', log, commandTimeoutMs });
  } catch (error) {
    return [fail('redis', (error as Error).message, 'start it, or mend LIVEDROPS_STORE')];
  }
  try {
    const findings: Finding[] = [];
    try {
      await checkRedisServers(redis, { acceptWeak: false, log });
      findings.push(ok('redis', 'its settings keep orders'));
    } catch (error) {
      if (!(error instanceof WeakRedisError)) throw error;
      findings.push(...error.problems.map((problem) => weak(problem, config.redisAcceptWeak)));
    }
    for (const health of await redisHealth(redis))
      findings.push(...healthFindings(health, config.redisReplicas));
    return findings;
  } finally {
    redis.disconnect();
  }
}

function weak(problem: string, isAccepted: boolean): Finding {
  const remedy = 'set it as deploy/redis.conf does';
  return isAccepted
    ? warn('redis', `${problem} (accepted)`, remedy)
    : fail('redis', problem, remedy);
}

export function healthFindings(health: RedisHealth, replicasWanted: number): Finding[] {
  const { where, version, replicas, writeFault, memoryBytes, memoryBytesMax } = health;
  const findings = [ok('redis', `${where} is Redis ${version}`)];
  if (writeFault !== null)
    findings.push(
      fail('redis disk', `${where}: ${writeFault}`, 'look at its log and at the room on its disk'),
    );
  if (replicas < replicasWanted)
    findings.push(
      fail(
        'redis replicas',
        `${where} has ${replicas}, LIVEDROPS_REDIS_REPLICAS asks for ${replicasWanted}`,
        'start them, or lower the setting: no order is taken with fewer',
      ),
    );
  if (memoryBytesMax > 0 && memoryBytes > MEMORY_SHARE_RIGHT * memoryBytesMax)
    findings.push(
      warn(
        'redis memory',
        `${where} uses ${mib(memoryBytes)} of ${mib(memoryBytesMax)}`,
        'raise maxmemory, or archive journals: LIVEDROPS_ARCHIVE',
      ),
    );
  findings.push(latency(health), clock(health));
  return findings;
}

function latency({ where, pingsMs }: RedisHealth): Finding {
  const median = pingsMs[Math.floor(pingsMs.length / 2)]!;
  const text = `${where} answers in ${median.toFixed(1)} ms, at most ${pingsMs.at(-1)!.toFixed(1)}`;
  return median <= PING_MS_RIGHT
    ? ok('redis latency', text)
    : warn('redis latency', text, 'put nodes and Redis into one data centre: each order waits');
}

function clock({ where, clockAheadMs }: RedisHealth): Finding {
  const name = 'clock';
  const by = `${Math.abs(clockAheadMs).toFixed(0)} ms`;
  const text = `${by} ${clockAheadMs > 0 ? 'behind' : 'ahead of'} the one of ${where}`;
  const remedy = 'run a time service (chrony) on this host and on that of Redis';
  if (Math.abs(clockAheadMs) > CLOCK_MS_MAX)
    return fail(name, `${text}: this node gets no session`, remedy);
  return Math.abs(clockAheadMs) > CLOCK_MS_RIGHT ? warn(name, text, remedy) : ok(name, text);
}

async function natsFindings({ natsCaFile }: Config, url: string): Promise<Finding[]> {
  const name = 'nats';
  const options = natsOptions({ url, caFile: natsCaFile, name: 'doctor' });
  let connection: Awaited<ReturnType<typeof connect>>;
  try {
    connection = await connect({ ...options, timeout: COMMAND_TIMEOUT_MS, reconnect: false });
  } catch (error) {
    return [
      fail(
        name,
        `does not answer: ${(error as Error).message}`,
        'start it, or mend LIVEDROPS_NATS',
      ),
    ];
  }
  try {
    const { version = 'unknown', max_payload: payload = 0 } = connection.info ?? {};
    const roundTripMs = await connection.rtt();
    return [natsServer(connection.getServer(), version, payload, roundTripMs)];
  } finally {
    await connection.close();
  }
}

export function natsServer(
  where: string,
  version: string,
  payloadBytesMax: number,
  roundTripMs: number,
): Finding {
  const name = 'nats';
  const about = `${where} is NATS ${version}, answers in ${roundTripMs} ms`;
  if (Number(version.split('.', 1)[0]) < NATS_MAJOR_MIN)
    return fail(name, about, `use NATS ${NATS_MAJOR_MIN} or newer`);
  const text = `${about}, takes ${mib(payloadBytesMax)} a message`;
  return payloadBytesMax < PAYLOAD_BYTES_RIGHT
    ? fail(name, text, `raise max_payload to ${mib(PAYLOAD_BYTES_RIGHT)}`)
    : ok(name, text);
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(bytes < 10 * MIB ? 1 : 0)} MiB`;
}

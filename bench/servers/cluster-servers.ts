// A whole cluster to measure: redis-server with deploy/redis.conf, nats-server and nodes, on its
// own data directory, which is removed however this process ends.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../../operator/cluster/supervised-process.ts';
import { ClusterSupervisor, type ServerName } from '../../operator/cluster/supervisor.ts';
import { cpuMicrosOf } from '../process-usage.ts';
import { AUTH_SECRET, SaleClient } from './sale-client.ts';

const COMMAND = fileURLToPath(new URL('../../operator/livedrops.ts', import.meta.url));
/** Log lines of each node that a failed scenario prints. */
const LOG_LINES_SHOWN = 20;

export interface ClusterServersOptions {
  /**
   * Roles of `node-1`, `node-2` and so on. The first must be a gateway, since it gets all requests.
   */
  readonly roles: readonly string[];
  /** The directory for CPU profiles of the nodes, and the file name of each node's profile. */
  readonly profiles?: Profiles | null;
}

interface Profiles {
  readonly directory: string;
  readonly names: readonly string[];
}

/** A sentence about the missing programs of a cluster; null if none is missing. */
export function missingServers(): string | null {
  const missing = ['redis-server', 'nats-server'].filter((name) => findProgram(name) === null);
  return missing.length === 0 ? null : `Not measured: no ${missing.join(', no ')} on this machine.`;
}

export class ClusterServers extends SaleClient {
  readonly supervisor: ClusterSupervisor;
  readonly #directory = mkdtempSync(join(tmpdir(), 'livedrops-bench-'));
  readonly #profiles: Profiles | null;
  readonly #remove = (): void => rmSync(this.#directory, { recursive: true, force: true });

  constructor({ roles, profiles = null }: ClusterServersOptions) {
    super();
    this.#profiles = profiles;
    const nodeArgs =
      profiles === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles.directory}`];
    this.supervisor = new ClusterSupervisor({
      dataDirectory: this.#directory,
      nodeCount: roles.length,
      port: 0,
      // One address and few users send all requests, so rate limits must be off.
      environment: { LIVEDROPS_AUTH_SECRET: AUTH_SECRET, LIVEDROPS_RATE_LIMITS: 'off' },
      nodeEnvironment: (nodeId) => ({
        LIVEDROPS_ROLES: roles[Number(nodeId.replace('node-', '')) - 1]!,
        LIVEDROPS_PAYMENT_WEBHOOK_URL:
          nodeId === 'node-1' ? '' : new URL('/v1/payments/webhook', this.url).href,
      }),
      nodeProgram: { program: process.execPath, args: [...nodeArgs, COMMAND, 'start'] },
      report: (text) => process.stderr.write(`${text}\n`),
    });
  }

  async start(): Promise<void> {
    // On exit the supervisor's listener runs first, since it was registered first.
    process.on('exit', this.#remove);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, leave);
    await this.supervisor.start();
  }

  async stop(): Promise<void> {
    const pids = this.supervisor.nodes.map(({ pid }) => pid);
    await this.supervisor.stop();
    this.#nameProfiles(pids);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, leave);
    process.off('exit', this.#remove);
    this.#remove();
  }

  protected get url(): URL {
    return new URL(this.supervisor.nodes[0]!.url);
  }

  /** The process id of a node, by node id, or of a server. Throws if it does not run. */
  pid(name: string): number {
    const node = this.supervisor.nodes.find(({ nodeId }) => nodeId === name);
    const pid = node === undefined ? this.supervisor.serverPid(name as ServerName) : node.pid;
    if (pid === null) throw new Error(`${name} does not run`);
    return pid;
  }

  cpuMicros(name: string): number {
    return cpuMicrosOf(this.pid(name));
  }

  /** Pins all threads of the process, and threads it starts later. */
  pinToCore(name: string, core: number): void {
    execFileSync('taskset', ['-a', '-p', '-c', String(core), String(this.pid(name))]);
  }

  /** Journal entries that a node has appended since it started. */
  async journalEntries(nodeId: string): Promise<number> {
    const { url } = this.supervisor.nodes.find((node) => node.nodeId === nodeId)!;
    const metrics = await (await fetch(new URL('/metrics', url))).text();
    const line = /^livedrops_journal_append_duration_seconds_count (\d+)$/m.exec(metrics);
    return Number(line?.[1] ?? 0);
  }

  /** The last log lines of each node. */
  logs(): string {
    const logs = this.supervisor.nodes.map(({ nodeId }) => {
      const text = readFileSync(join(this.#directory, 'logs', `${nodeId}.log`), 'utf8');
      return text.trimEnd().split('\n').slice(-LOG_LINES_SHOWN).join('\n');
    });
    return logs.join('\n');
  }

  /** A node writes `CPU.<date>.<time>.<pid>.<thread>.<number>.cpuprofile` at its end. */
  #nameProfiles(pids: readonly (number | null)[]): void {
    if (this.#profiles === null) return;
    const { directory, names } = this.#profiles;
    for (const file of readdirSync(directory)) {
      const pid = Number(/^CPU\..*\.(\d+)\.0\.\d+\.cpuprofile$/.exec(file)?.[1]);
      const name = names[pids.indexOf(pid)];
      if (name === undefined) continue;
      renameSync(join(directory, file), join(directory, `${name}.cpuprofile`));
    }
  }
}

/** Exits through the `exit` event, so that the listeners remove processes and files. */
function leave(): void {
  process.exit(130);
}

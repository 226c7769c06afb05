// Debian's Prometheus, which scrapes nodes every 2 s and evaluates rules as often.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { JOB } from '../../deploy/observe/promql.ts';
import { ruleFile } from '../../deploy/observe/rules.ts';
import { ChildServer, DisturbedServer, findProgram, freePort } from './child-server.ts';

export const prometheusInstalled = findProgram('prometheus') !== null;

const LOOPBACK = '127.0.0.1';
const ANSWER_MAX_MS = 30_000;
/** A sale of this test takes half a minute. A scrape may take as long on a busy machine. */
const OFTEN = '2s';
const STEP = '1s';

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [seconds: number, value: string])[];
}

export interface ActiveAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
}

export class PrometheusServer extends DisturbedServer {
  readonly #directory: string;

  private constructor(port: number, directory: string, child: ChildServer) {
    super(LOOPBACK, port, child);
    this.#directory = directory;
  }

  /** `urls`: the nodes to scrape. */
  static async start(urls: readonly string[]): Promise<PrometheusServer> {
    const directory = mkdtempSync(join(tmpdir(), 'livedrops-prometheus-'));
    const config = join(directory, 'prometheus.yml');
    const { groups } = ruleFile('docs/OPERATIONS.md');
    const rules = { groups: groups.map((group) => ({ ...group, interval: OFTEN })) };
    writeFileSync(join(directory, 'rules.yml'), stringify(rules));
    writeFileSync(
      config,
      stringify({
        global: { scrape_interval: OFTEN, scrape_timeout: OFTEN, evaluation_interval: OFTEN },
        rule_files: ['rules.yml'],
        scrape_configs: [
          { job_name: JOB, static_configs: [{ targets: urls.map((url) => new URL(url).host) }] },
        ],
      }),
    );
    const port = await freePort();
    const child = new ChildServer({
      command: 'prometheus',
      args: [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(directory, 'data')}`,
        `--web.listen-address=${LOOPBACK}:${port}`,
      ],
      ready: /Server is ready to receive web requests/,
    });
    const server = new PrometheusServer(port, directory, child);
    await server.resume();
    return server;
  }

  get url(): string {
    return `http://${this.host}:${this.port}`;
  }

  /** Each second between two times, in seconds since the Unix epoch. Throws where it is refused. */
  async range(query: string, start: number, end: number): Promise<readonly Series[]> {
    const asked = { query, start: String(start), end: String(end), step: STEP };
    return (await this.#ask<{ result: Series[] }>('query_range', asked)).result;
  }

  async alerts(): Promise<readonly ActiveAlert[]> {
    return (await this.#ask<{ alerts: ActiveAlert[] }>('alerts')).alerts;
  }

  async #ask<T>(what: string, parameters: Readonly<Record<string, string>> = {}): Promise<T> {
    const address = `${this.url}/api/v1/${what}?${new URLSearchParams(parameters).toString()}`;
    const response = await fetch(address, { signal: AbortSignal.timeout(ANSWER_MAX_MS) });
    const answer = (await response.json()) as { status: string; error?: string; data: T };
    if (answer.status !== 'success') throw new Error(`${what} of ${address}: ${answer.error}`);
    return answer.data;
  }

  override async stop(): Promise<void> {
    await super.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

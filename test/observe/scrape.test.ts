// The configurations of Prometheus: what they scrape, and how often, agrees with the rules and with
// docker-compose.yml.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { JOB } from '../../deploy/observe/promql.ts';
import { ruleFile } from '../../deploy/observe/rules.ts';
import { checkFile, promtoolInstalled } from './promtool.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDER = 'deploy/observe';
const FILES = ['prometheus.yml', 'prometheus-compose.yml'] as const;

interface ScrapeConfig {
  readonly job_name: string;
  readonly dns_sd_configs?: readonly { readonly names: readonly string[]; readonly port: number }[];
}
interface PrometheusConfig {
  readonly global: { readonly scrape_interval: string; readonly evaluation_interval: string };
  readonly rule_files: readonly string[];
  readonly scrape_configs: readonly ScrapeConfig[];
}
interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly environment?: Readonly<Record<string, string>>;
        readonly profiles?: readonly string[];
        readonly command?: readonly string[];
        readonly volumes?: readonly string[];
      }
    >
  >;
}

function read(path: string): unknown {
  return parse(readFileSync(join(ROOT, path), 'utf8'), { merge: true });
}

const configs = FILES.map((file) => read(`${FOLDER}/${file}`) as PrometheusConfig);

(promtoolInstalled ? test : test.skip)('L5a: promtool takes both configurations', async (t) => {
  for (const file of FILES) t.is(await checkFile('config', join(ROOT, FOLDER, file)), '');
});

test('L5a: nodes are scraped as often as rules of a sale are evaluated', (t) => {
  const often = ruleFile('').groups[0]!.interval;
  for (const { global, rule_files, scrape_configs } of configs) {
    t.is(global.scrape_interval, often);
    t.is(global.evaluation_interval, often);
    t.deepEqual(rule_files, ['rules.yml']);
    t.deepEqual(
      scrape_configs.map(({ job_name }) => job_name),
      [JOB],
    );
  }
});

test('L5a: in containers every service with nodes is scraped, at its own address', (t) => {
  const { services } = read('docker-compose.yml') as Compose;
  const nodes = Object.entries(services).filter(
    ([, { environment }]) => environment?.['LIVEDROPS_ROLES'] !== undefined,
  );
  const [found] = configs[1]!.scrape_configs[0]!.dns_sd_configs!;
  t.deepEqual(found!.names.toSorted(), nodes.map(([name]) => name).toSorted());
  for (const [, { environment }] of nodes)
    t.is(environment?.['LIVEDROPS_ADMIN_PORT'], String(found!.port));
  const { profiles, command = [], volumes } = services['prometheus']!;
  t.deepEqual(profiles, ['observe']);
  t.true(volumes?.includes(`./${FOLDER}:/etc/livedrops:ro`));
  t.true(command.includes(`--config.file=/etc/livedrops/${FILES[1]}`));
});

// The table of metrics (`contracts/metrics.ts`), the documentation and what a server of each
// profile serves are the same.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ava from 'ava';
import type { LabelValues, MetricDefinition } from '../../contracts/metric-definition.ts';
import { METRICS } from '../../contracts/metrics.ts';
import { loadConfig } from '../../composition/config.ts';
import { startServer } from '../../composition/server.ts';
import { onEachProfile } from './profiles.ts';
import type { Environment } from './sale-nodes.ts';
import { SaleServer } from './sale-server.ts';

const TABLE: Readonly<Record<string, MetricDefinition>> = METRICS;
const OPERATIONS = new URL('../../docs/OPERATIONS.md', import.meta.url);
const LE = 'le';
const UNITS = ['seconds', 'bytes'];

interface Family {
  readonly name: string;
  readonly type: string;
  readonly samples: { readonly name: string; readonly labels: Record<string, string> }[];
}

function familiesOf(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let family: Family | null = null;
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (type !== null) {
      family = { name: type[1]!, type: type[2]!, samples: [] };
      families.set(family.name, family);
      continue;
    }
    const sample = /^([a-z_0-9]+)(?:\{(.*)\})? \S+$/.exec(line);
    if (sample === null || family === null) continue;
    const labels = [...(sample[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
    family.samples.push({
      name: sample[1]!,
      labels: Object.fromEntries(labels.map(([, label, value]) => [label!, value!])),
    });
  }
  return families;
}

/** The names that a node with these parts serves. */
function namesFor(parts: readonly string[]): string[] {
  return Object.keys(TABLE)
    .filter((name) => parts.includes(TABLE[name]!.servedBy))
    .toSorted();
}

const EVERY = ['every node', 'actors', 'services'];

onEachProfile((test, profile) => {
  let server: SaleServer;
  const parts =
    profile !== 'cluster'
      ? [
          ...EVERY,
          'alone',
          'archive',
          'ledger',
          'search',
          'media',
          'issuers',
          'traces',
          'access log',
        ]
      : [...EVERY, 'cluster', 'cluster actors'];

  test.before(async () => {
    const more: Environment =
      profile !== 'cluster'
        ? {
            LIVEDROPS_ROLES: 'gateway,actors,services,search,media',
            LIVEDROPS_AUTH_ISSUER: 'http://127.0.0.1:9/',
            LIVEDROPS_AUTH_AUDIENCE: 'livedrops',
            LIVEDROPS_TRACES: 'http://127.0.0.1:9/v1/traces',
            LIVEDROPS_ACCESS_LOG: '0.000001',
          }
        : {};
    server = await SaleServer.start(profile, { LIVEDROPS_RATE_LIMITS: 'on', ...more });
    const dropId = await server.drop('cleo');
    for (const url of server.urls) await server.order(dropId, 'ann', url);
  });
  test.after.always(() => server?.stop());

  /** Of each node: a drop has one owner. */
  function scrapes(): Promise<string[]> {
    return Promise.all(
      server.urls.map(async (url) => (await server.get('/metrics', { url })).text),
    );
  }

  test('L5: a node serves the metrics of the table that its parts have, and no others', async (t) => {
    for (const url of server.urls) {
      const families = familiesOf((await server.get('/metrics', { url })).text);
      t.deepEqual([...families.keys()].toSorted(), namesFor(parts));
      for (const { name, type } of families.values()) t.is(type, TABLE[name]!.type, name);
    }
  });

  if (profile === 'cluster')
    test('L5: nodes with some roles serve what these have, and no others', async (t) => {
      for (const [index, [roles, of]] of Object.entries({
        gateway: ['every node', 'cluster'],
        'services,search': ['every node', 'services', 'search', 'cluster'],
        actors: ['every node', 'actors', 'cluster', 'cluster actors'],
      }).entries()) {
        const directory = mkdtempSync(join(tmpdir(), 'livedrops-roles-'));
        t.teardown(() => rmSync(directory, { recursive: true, force: true }));
        const node = await startServer(
          loadConfig({
            ...server.settings,
            LIVEDROPS_DATA: directory,
            LIVEDROPS_NODE_ID: `roles-${index}`,
            LIVEDROPS_THREADS: '1',
            LIVEDROPS_ROLES: roles,
            LIVEDROPS_PORT: '0',
            LIVEDROPS_LOG: 'error',
            // Of the development provider, which nobody calls here.
            LIVEDROPS_PAYMENT_WEBHOOK_URL: `${server.urls[0]}/v1/payments/webhook`,
          }),
        );
        try {
          const text = await (await fetch(`${node.url}/metrics`)).text();
          t.deepEqual([...familiesOf(text).keys()].toSorted(), namesFor(of), roles);
        } finally {
          await node.stop();
        }
      }
    });

  test('L5: the labels of what is served, and their values, are those of the table', async (t) => {
    const { text } = await server.get('/metrics');
    let samples = 0;
    for (const family of familiesOf(text).values()) {
      const { labels, type } = TABLE[family.name]!;
      const expected = Object.keys(labels).toSorted();
      const seen = new Map<string, Set<string>>(expected.map((label) => [label, new Set()]));
      for (const sample of family.samples) {
        samples += 1;
        const names = Object.keys(sample.labels).filter(
          (label) => !(type === 'histogram' && label === LE),
        );
        t.deepEqual(names.toSorted(), expected, sample.name);
        for (const label of expected) seen.get(label)!.add(sample.labels[label]!);
      }
      for (const [label, values] of seen) assertAllowed(family.name, labels[label]!, values);
    }
    t.true(samples > 200, String(samples));

    function assertAllowed(name: string, allowed: LabelValues, values: ReadonlySet<string>): void {
      if ('of' in allowed) t.true(values.size <= allowed.countMax, `${name}: ${values.size}`);
      else for (const value of values) t.true(allowed.includes(value), `${name}: ${value}`);
    }
  });

  test('L5: latencies of requests, orders and appends have buckets at 20, 200 and 500 ms', async (t) => {
    const text = (await scrapes()).join('');
    for (const series of [
      'livedrops_http_request_duration_seconds_bucket{method="POST",' +
        'route="/v1/drops/{id}/orders",status="2xx",',
      'livedrops_journal_append_duration_seconds_bucket{',
      'livedrops_shard_mailbox_wait_seconds_bucket{',
    ])
      for (const le of ['0.02', '0.2', '0.5'])
        t.true(text.includes(`${series}le="${le}"}`), series);
  });

  test('A5, X4: an API key with metrics:read is made by operators only, and reads them', async (t) => {
    const path = '/v1/account/api-keys';
    const body = { name: 'prometheus', scopes: ['metrics:read'] };
    const headers = { via: '1.1 proxy' };
    t.is((await server.post(path, { as: 'cleo', body })).status, 403);
    const token = server.token('boss', 60, ['operator']);
    const made = await server.post(path, { token, body });
    t.is(made.status, 201, made.text);
    const key = String(made.json['key']);
    for (const url of server.urls) {
      t.is((await server.get('/metrics', { url, headers })).status, 401);
      t.is((await server.get('/metrics', { url, headers, token: key })).status, 200);
    }
    const id = String(made.json['id']);
    t.is((await server.call('DELETE', `${path}/${id}`, { token })).status, 204);
  });

  test('L5: threads, disk, mailboxes and orders are measured', async (t) => {
    const texts = await scrapes();
    const sumOf = (series: string) =>
      texts.reduce((sum, text) => {
        const line = text.split('\n').find((one) => one.startsWith(`${series} `));
        return sum + Number(line?.split(' ')[1] ?? 0);
      }, 0);
    t.true(sumOf('livedrops_orders_placed_total') > 0);
    t.true(sumOf('livedrops_commands_decided_total') >= sumOf('livedrops_orders_placed_total'));
    t.true(sumOf('livedrops_shard_mailbox_wait_seconds_count') > 0);
    t.true(sumOf('livedrops_journal_appended_bytes_total') > 0);
    t.true(sumOf('livedrops_disk_free_bytes') > 0);
    t.true(sumOf('livedrops_disk_size_bytes') >= sumOf('livedrops_disk_free_bytes'));
    t.true(sumOf('livedrops_thread_cpu_seconds_total{thread="main"}') > 0);
    t.true(sumOf('livedrops_thread_active_seconds_total{thread="main"}') > 0);
    const thread = profile !== 'cluster' ? 'sqlite-journal' : 'news';
    t.true(sumOf(`livedrops_thread_cpu_seconds_total{thread="${thread}"}`) > 0);
    if (profile === 'cluster') return;
    t.true(sumOf('livedrops_sqlite_commit_duration_seconds_count{file="journal"}') > 0);
  });
});

ava('L5: units are last in names, and counters end with _total', (t) => {
  for (const [name, { type, help }] of Object.entries(TABLE)) {
    t.regex(name, /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/);
    t.is(name.endsWith('_total'), type === 'counter', name);
    const words = name.replace(/_total$/, '').split('_');
    if (type === 'histogram') t.is(words.at(-1), 'seconds', name);
    for (const unit of UNITS)
      t.true(
        words.slice(0, -1).every((word) => word !== unit),
        name,
      );
    t.regex(help, /^[A-Z0-9].*\.$/s, name);
  }
});

ava('L5: the documented table is that of the code', (t) => {
  const lines = readFileSync(OPERATIONS, 'utf8').split('\n');
  const begin = lines.indexOf('| metric | type | labels | served by | meaning |');
  t.true(begin > 0);
  const end = lines.findIndex((line, index) => index > begin && !line.startsWith('|'));
  t.is(lines.slice(begin + 2, end).join('\n'), Object.entries(TABLE).map(rowOf).join('\n'));
});

function rowOf([name, { type, labels, servedBy, scope, help }]: [
  string,
  MetricDefinition,
]): string {
  const cells = [
    `\`${name}\``,
    type,
    Object.entries(labels)
      .map(([label, values]) => `\`${label}\`: ${wordsOf(values)}`)
      .join('; '),
    servedBy + (scope === 'store' ? ', of the whole store' : ''),
    help,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Lists that are longer stand where their words are explained. */
const VALUES_SHOWN_MAX = 8;

function wordsOf(values: LabelValues): string {
  if ('of' in values) return values.of;
  if (values.length > VALUES_SHOWN_MAX) return `${values.length} values`;
  return values.map((value) => `\`${value}\``).join(', ');
}

// The dashboards are made from their source, Grafana takes them, and their queries name only series
// and labels that nodes serve.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { METRICS, type MetricName } from '../../contracts/metrics.ts';
import { ALARM_GROUPS } from '../../deploy/observe/alarms.ts';
import { BOARDS } from '../../deploy/observe/boards.ts';
import { LONG_SHARES, SHORT_SHARES } from '../../deploy/observe/burn-rates.ts';
import type { Dashboard, GrafanaPanel } from '../../deploy/observe/dashboard.ts';
import { NODE_LABEL, OTHER_SERIES } from '../../deploy/observe/promql.ts';
import { observeFiles } from '../../scripts/observe-files.ts';
import { renderedQueries } from './queries.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDER = 'deploy/observe/dashboards';
const COLUMNS = 24;
const MADE = [...observeFiles()].filter(([path]) => path.startsWith(FOLDER));
/** What one reads first must be there without scrolling: rows of a screen. */
const FIRST_SCREEN_ROWS = 10;

const dashboards = MADE.map(([path]) => [path, JSON.parse(read(path)) as Dashboard] as const);

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

test('L5a: the dashboards are what their source makes, and there are no others', (t) => {
  for (const [path, text] of MADE) t.is(read(path), text, 'npm run observe');
  t.deepEqual(
    readdirSync(join(ROOT, FOLDER)).toSorted(),
    MADE.map(([path]) => path.slice(FOLDER.length + 1)).toSorted(),
  );
  t.deepEqual(
    BOARDS.map(({ name }) => name),
    ['sale', 'cluster', 'gateway', 'storage', 'reach', 'business'],
  );
});

test('L5a: every dashboard has its own id, and one chooses its Prometheus and nodes', (t) => {
  t.is(new Set(dashboards.map(([, { uid }]) => uid)).size, dashboards.length);
  for (const [path, { uid, schemaVersion, templating }] of dashboards) {
    // Grafana's bound of a `uid`.
    t.regex(uid, /^[\w-]{1,40}$/, path);
    t.is(schemaVersion, 39);
    t.deepEqual(
      templating.list.map(({ name }) => name),
      ['datasource', 'node'],
    );
  }
});

test('L5a: panels have ids of their own, lie in the grid, and none on another', (t) => {
  for (const [path, { panels }] of dashboards) {
    t.is(new Set(panels.map(({ id }) => id)).size, panels.length, path);
    for (const { gridPos, title } of panels) {
      const { x, y, w, h } = gridPos;
      t.true([x, y, w, h].every(Number.isInteger) && x >= 0 && y >= 0 && w > 0 && h > 0, title);
      t.true(x + w <= COLUMNS, title);
    }
    for (const [i, one] of panels.entries()) {
      for (const other of panels.slice(i + 1))
        t.false(overlap(one, other), `${path}: ${one.title}, ${other.title}`);
    }
  }
});

test('L5a: panels have a title, a description, a unit, thresholds and legends', (t) => {
  for (const [path, { panels }] of dashboards) {
    const titles = panels.map(({ title }) => title);
    t.is(new Set(titles).size, titles.length, path);
    for (const panel of panels.filter(({ type }) => type !== 'row')) {
      t.true((panel.description ?? '').length > 10, panel.title);
      const { defaults } = panel['fieldConfig'] as { defaults: Record<string, unknown> };
      t.is(typeof defaults['unit'], 'string', panel.title);
      const { steps } = defaults['thresholds'] as { steps: { value: number | null }[] };
      const [first, ...more] = steps.map(({ value }) => value);
      t.is(first, null, panel.title);
      t.deepEqual(
        more,
        more.toSorted((a, b) => a! - b!),
        `${panel.title}: they rise`,
      );
      t.deepEqual(panel.datasource, { type: 'prometheus', uid: '${datasource}' }, panel.title);
      const targets = panel.targets as readonly Record<string, unknown>[];
      t.true(targets.length > 0, panel.title);
      t.is(new Set(targets.map(({ refId }) => refId)).size, targets.length, panel.title);
      for (const { legendFormat, expr } of targets) {
        t.true(legendFormat !== '' && legendFormat !== undefined, panel.title);
        const names = [...String(legendFormat).matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name);
        for (const name of names)
          t.true(
            name === NODE_LABEL || String(expr).includes(name!) || isLabelOf(expr, name!),
            `${panel.title}: ${name}`,
          );
      }
    }
  }
});

test('L5a: what one looks at in a sale first is on its first screen', (t) => {
  const sale = dashboards.find(([, { uid }]) => uid === 'livedrops-sale')![1];
  const first = sale.panels.filter(({ gridPos }) => gridPos.y < FIRST_SCREEN_ROWS);
  for (const title of ['Orders placed', 'Requests that fail', 'Orders over 500 ms'])
    t.true(
      first.some((panel) => panel.title === title),
      title,
    );
});

test('L5a: queries and rules name only series, labels and values that there are', (t) => {
  const exprs = [
    ...renderedQueries().map(({ expr }) => expr),
    ...Object.values(ALARM_GROUPS).flatMap((group) => Object.values(group).map(({ expr }) => expr)),
    ...Object.values({ ...SHORT_SHARES, ...LONG_SHARES }).map(({ expr }) => expr),
  ];
  let selectors = 0;
  for (const expr of exprs) {
    for (const [, name = '', matchers = ''] of expr.matchAll(SELECTOR)) {
      if (!OURS.test(name)) continue;
      selectors += 1;
      const labels = labelsOf(name);
      t.not(labels, null, `${name} in ${expr}`);
      for (const [, label = '', , value = ''] of matchers.matchAll(MATCHER)) {
        if (label === NODE_LABEL) continue;
        t.true(Object.hasOwn(labels ?? {}, label), `${label} of ${name}`);
        const values = labels?.[label];
        if (Array.isArray(values))
          for (const one of value.split('|'))
            t.true(values.includes(one), `${label}="${one}" of ${name}`);
      }
    }
  }
  t.true(selectors > 150, `only ${selectors} selectors were found`);
});

test('L5a: every metric of our own is on a board, or is left out on purpose', (t) => {
  const texts = dashboards.map(([path]) => read(path)).join('\n');
  const absent = Object.keys(METRICS).filter(
    (name) => name.startsWith('livedrops_') && !texts.includes(name),
  );
  t.deepEqual(absent.toSorted(), Object.keys(ON_NO_BOARD).toSorted());
});

/** Of our own metrics, and why no board has them. */
const ON_NO_BOARD: Readonly<Partial<Record<MetricName, string>>> = {
  livedrops_ledger_heads: 'it only grows',
  livedrops_ledger_writing: 'which node it is says nothing about how it goes',
};

const SELECTOR = /\b([a-z_][\w:]*)(?:\{([^}]*)\})?/g;
const MATCHER = /(\w+)(=~|!=|=)"([^"]*)"/g;
const OURS = /^(?:livedrops|nodejs|process|probe|scrape)_|^livedrops:/;

function labelsOf(name: string): Readonly<Record<string, unknown>> | null {
  if (Object.hasOwn({ ...SHORT_SHARES, ...LONG_SHARES }, name)) return {};
  const others = OTHER_SERIES as Readonly<Record<string, readonly string[]>>;
  if (Object.hasOwn(others, name))
    return Object.fromEntries(others[name]!.map((label) => [label, true]));
  const metrics = METRICS as Readonly<
    Record<string, { type: string; labels: Readonly<Record<string, unknown>> }>
  >;
  const [, base = '', part] = /^(.*?)(?:_(bucket|sum|count))?$/.exec(name)!;
  if (metrics[name] !== undefined && metrics[name].type !== 'histogram')
    return metrics[name].labels;
  if (part === undefined || metrics[base]?.type !== 'histogram') return null;
  return part === 'bucket' ? { ...metrics[base].labels, le: true } : metrics[base].labels;
}

function isLabelOf(expr: unknown, label: string): boolean {
  return [...String(expr).matchAll(SELECTOR)].some(([, name = '']) =>
    Object.hasOwn(labelsOf(name) ?? {}, label),
  );
}

function overlap({ gridPos: a }: GrafanaPanel, { gridPos: b }: GrafanaPanel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

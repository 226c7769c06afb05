// Grafana's JSON of a board (schema version 39, Grafana 11), for a Prometheus and nodes that one
// chooses above the panels.

import type { Board, Panel, Row, Thresholds } from './board.ts';
import { JOB, NODE_LABEL } from './promql.ts';

const SCHEMA_VERSION = 39;
/** Of Grafana's grid. */
const COLUMNS = 24;
const ROW_HEIGHT = 1;
const HEIGHTS = { number: 4, lines: 8, table: 8 } as const;
const WIDTHS = { number: 6, lines: 12, table: 12 } as const;
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' } as const;
const TYPES = { number: 'stat', lines: 'timeseries', table: 'table' } as const;
const GOOD = 'green';
const WARN = 'orange';
const WRONG = 'red';

export interface GridPosition {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface GrafanaPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: GridPosition;
  readonly datasource?: typeof DATASOURCE;
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
  readonly [field: string]: unknown;
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly templating: { readonly list: readonly { readonly name: string }[] };
  readonly panels: readonly GrafanaPanel[];
  readonly [field: string]: unknown;
}

export function dashboardOf(board: Board): Dashboard {
  return {
    uid: `livedrops-${board.name}`,
    title: `LiveDrops / ${board.title}`,
    description: board.description,
    tags: ['livedrops'],
    schemaVersion: SCHEMA_VERSION,
    editable: true,
    graphTooltip: 1,
    refresh: '5s',
    time: { from: 'now-15m', to: 'now' },
    timezone: 'browser',
    annotations: { list: [] },
    links: [
      {
        title: 'LiveDrops',
        type: 'dashboards',
        tags: ['livedrops'],
        asDropdown: true,
        includeVars: true,
        keepTime: true,
      },
    ],
    templating: { list: [datasourceVariable(), nodeVariable()] },
    panels: panelsOf(board.rows),
  };
}

function datasourceVariable() {
  return {
    name: 'datasource',
    label: 'Prometheus',
    type: 'datasource',
    query: 'prometheus',
    current: {},
    refresh: 1,
  };
}

function nodeVariable() {
  const query = `label_values(up{job="${JOB}"}, ${NODE_LABEL})`;
  return {
    name: 'node',
    label: 'Node',
    type: 'query',
    datasource: DATASOURCE,
    definition: query,
    query: { query, refId: 'node' },
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
    // Nodes come and go: looked up again with each change of the time that is shown.
    refresh: 2,
    sort: 1,
  };
}

/** Panels from left to right, in a new line where one does not fit. */
function panelsOf(rows: readonly Row[]): GrafanaPanel[] {
  const panels: GrafanaPanel[] = [];
  let id = 0;
  let y = 0;
  for (const row of rows) {
    panels.push({
      id: ++id,
      type: 'row',
      title: row.title,
      collapsed: false,
      gridPos: { x: 0, y, w: COLUMNS, h: ROW_HEIGHT },
      panels: [],
    });
    y += ROW_HEIGHT;
    let x = 0;
    let lineHeight = 0;
    for (const panel of row.panels) {
      const w = panel.width ?? WIDTHS[panel.kind];
      const h = HEIGHTS[panel.kind];
      if (x + w > COLUMNS) {
        y += lineHeight;
        x = 0;
        lineHeight = 0;
      }
      panels.push(grafanaPanel(panel, ++id, { x, y, w, h }));
      x += w;
      lineHeight = Math.max(lineHeight, h);
    }
    y += lineHeight;
  }
  return panels;
}

function grafanaPanel(panel: Panel, id: number, gridPos: GridPosition): GrafanaPanel {
  const { kind, title, description, unit, thresholds, whenEmpty } = panel;
  const isNow = kind !== 'lines';
  return {
    id,
    type: TYPES[kind],
    title,
    description,
    gridPos,
    datasource: DATASOURCE,
    fieldConfig: {
      defaults: {
        unit,
        ...(whenEmpty !== undefined && { noValue: whenEmpty }),
        color: { mode: kind === 'number' ? 'thresholds' : 'palette-classic' },
        thresholds: { mode: 'absolute', steps: stepsOf(thresholds) },
        ...(kind === 'lines' && {
          ...(panel.isSigned !== true && { min: 0 }),
          custom: {
            fillOpacity: 10,
            showPoints: 'never',
            thresholdsStyle: { mode: thresholds.when === 'never' ? 'off' : 'dashed' },
          },
        }),
      },
      overrides: [],
    },
    options: OPTIONS[kind],
    targets: panel.queries.map(({ expr, legend }, index) => ({
      refId: String.fromCodePoint('A'.codePointAt(0)! + index),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
      editorMode: 'code',
      instant: isNow,
      range: !isNow,
      ...(kind === 'table' && { format: 'table' }),
    })),
    ...(kind === 'table' && {
      transformations: [{ id: 'organize', options: { excludeByName: { Time: true } } }],
    }),
  };
}

const OPTIONS = {
  number: {
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    colorMode: 'value',
    graphMode: 'none',
    textMode: 'auto',
  },
  lines: {
    legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
    tooltip: { mode: 'multi', sort: 'desc' },
  },
  table: { showHeader: true },
} as const;

interface Step {
  readonly color: string;
  /** Null: from below. */
  readonly value: number | null;
}

function stepsOf(thresholds: Thresholds): Step[] {
  switch (thresholds.when) {
    case 'never':
      return [{ color: GOOD, value: null }];
    case 'any':
      return [
        { color: GOOD, value: null },
        // The least step above 0 that Grafana's own editor shows as it is.
        { color: thresholds.is === 'wrong' ? WRONG : WARN, value: 1e-9 },
      ];
    case 'above':
      return [
        { color: GOOD, value: null },
        { color: WARN, value: thresholds.warn },
        { color: WRONG, value: thresholds.wrong },
      ];
    case 'below':
      return [
        { color: WRONG, value: null },
        { color: WARN, value: thresholds.wrong },
        { color: GOOD, value: thresholds.warn },
      ];
  }
}

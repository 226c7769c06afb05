// The queries of all panels as Prometheus gets them from Grafana, for every node.

import type { Panel } from '../../deploy/observe/board.ts';
import { BOARDS } from '../../deploy/observe/boards.ts';

export interface RenderedQuery {
  /** `sale / Orders placed`. */
  readonly place: string;
  readonly panel: Panel;
  readonly expr: string;
}

const VARIABLES: Readonly<Record<string, string>> = {
  $node: '.*',
  $__rate_interval: '20s',
  $__range: '10m',
};

export function renderedQueries(): RenderedQuery[] {
  return BOARDS.flatMap((board) =>
    board.rows.flatMap(({ panels }) =>
      panels.flatMap((panel) =>
        panel.queries.map(({ expr }) => ({
          place: `${board.name} / ${panel.title}`,
          panel,
          expr: expr.replaceAll(/\$\w+/g, (name) => VARIABLES[name] ?? name),
        })),
      ),
    ),
  );
}

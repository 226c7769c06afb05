// Draws a chart as SVG inside the page, without scripts. Its colours are CSS variables of the page,
// so that light, dark and print styles apply. A label describes the chart to screen readers.

import { BarChart, CustomChart, LineChart } from 'echarts/charts';
import { GridComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { escaped, Html } from './html.ts';

use([BarChart, CustomChart, GridComponent, LineChart, SVGRenderer]);

export const INK = 'var(--ink)';
export const FAINT_INK = 'var(--ink-2)';
export const LINE = 'var(--line)';
export const FONT_SIZE = 12;

export const CHART_WIDTH = 500;

export interface ChartOptions {
  /** Unique within the page: prefix of the ids inside the SVG. */
  readonly id: string;
  readonly height: number;
  /** A description with the numbers, for screen readers. */
  readonly description: string;
  readonly option: EChartsCoreOption;
}

export function chart({ id, height, description, option }: ChartOptions): Html {
  const drawing = init(null, null, { renderer: 'svg', ssr: true, width: CHART_WIDTH, height });
  try {
    drawing.setOption({
      animation: false,
      textStyle: { fontFamily: 'inherit', fontSize: FONT_SIZE, color: INK },
      ...option,
    });
    return new Html(cleaned(drawing.renderToSVGString(), id, description));
  } finally {
    drawing.dispose();
  }
}

/**
 * Removes what only an interactive chart needs (hover classes, data of its script), and makes the
 * ids independent of the number of charts drawn before.
 */
function cleaned(svg: string, id: string, description: string): string {
  return svg
    .replace(/<style >[\s\S]*?<\/style>\s*/g, '')
    .replaceAll(/ (?:class|ecmeta_\w+|xmlns:xlink|baseProfile|version)="[^"]*"/g, '')
    .replaceAll(/zr\d+-/g, `${id}-`)
    .replace('<svg ', `<svg role="img" aria-label="${escaped(description)}" `);
}

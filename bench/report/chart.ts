// Draws a chart as SVG that lies in the page itself: its colours are the page's own variables, so
// that it follows the light or dark of the screen and prints; it needs no script, and who cannot
// see it is told what it shows.

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
  /** Unique within the page: for what the picture refers to within itself. */
  readonly id: string;
  readonly height: number;
  /** What the chart shows, with its numbers. */
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
 * Without what only a live chart needs (classes for hovering, data for its script), and with names
 * that do not depend on how many charts were drawn before.
 */
function cleaned(svg: string, id: string, description: string): string {
  return svg
    .replace(/<style >[\s\S]*?<\/style>\s*/g, '')
    .replaceAll(/ (?:class|ecmeta_\w+|xmlns:xlink|baseProfile|version)="[^"]*"/g, '')
    .replaceAll(/zr\d+-/g, `${id}-`)
    .replace('<svg ', `<svg role="img" aria-label="${escaped(description)}" `);
}

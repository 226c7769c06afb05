// Draws latency by percentile like HdrHistogram: a percentile p is at 1 / (1 - p) on the horizontal
// axis. Both axes are logarithmic, so that the tail has as much room as the middle.

import { numberText } from '../range.ts';
import type { LatencyPoint, Role } from '../scenario.ts';
import { shortNumber } from './bar-chart.ts';
import { chart, FAINT_INK, FONT_SIZE, LINE } from './chart.ts';
import { Html, html } from './html.ts';

const HEIGHT = 300;
/** The most curves that stay readable at the normal height. */
const CURVES_PLAIN_MAX = 5;
const HEIGHT_OF_FURTHER = 30;
/** A lower bound for the logarithm, below every measured latency. */
const MS_MIN = 0.01;
/** The maximum is drawn at this distance behind the last percentile. */
const GREATEST_DISTANCE = 0.6;

export interface Curve {
  readonly label: string;
  readonly role: Role;
  readonly points: readonly LatencyPoint[];
}

interface CurveStyle {
  readonly color: string;
  readonly dash: string;
  readonly symbol: (typeof SYMBOLS)[number];
  readonly width: number;
}

const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond'] as const;
const DASHES = ['', '7 3', '2 3', '8 3 2 3'] as const;
/** The number of colours that the page's style has for each role. */
const COLOURS: Readonly<Record<Role, number>> = { livedrops: 7, peer: 4, ceiling: 4 };

/**
 * No two curves of a chart look alike, even in grey: colour, dash and symbol have other periods.
 */
function stylesOf(curves: readonly Curve[]): CurveStyle[] {
  const counts = { livedrops: 0, peer: 0, ceiling: 0 };
  return curves.map(({ role }) => {
    const index = counts[role]++;
    const turn = Math.floor(index / COLOURS[role]);
    const dash = DASHES[role === 'ceiling' ? 2 : (index + turn) % DASHES.length]!;
    const symbol = SYMBOLS[(index + { livedrops: 0, peer: 1, ceiling: 3 }[role]) % SYMBOLS.length]!;
    const color = `var(--${role}-${(index % COLOURS[role]) + 1})`;
    return { color, dash, symbol, width: role === 'livedrops' ? 2.5 : 1.75 };
  });
}

export function latencyChart(id: string, curves: readonly Curve[]): Html {
  const styles = stylesOf(curves);
  const percentiles = [...new Set(curves.flatMap(({ points }) => points.map(([p]) => p)))].sort(
    (a, b) => a - b,
  );
  const places = placesOf(percentiles);
  const names = new Map(percentiles.map((p) => [places.get(p)!.toFixed(6), percentileName(p)]));
  const lowest = Math.min(...curves.flatMap(({ points }) => points.map(([, ms]) => ms)));
  const described = curves.map(({ label, points }) => {
    const texts = points.map(([p, ms]) => `${percentileName(p)} ${numberText(ms, 2)} ms`);
    return `${label}: ${texts.join(', ')}`;
  });
  const drawing = chart({
    id,
    height: HEIGHT + Math.max(0, curves.length - CURVES_PLAIN_MAX) * HEIGHT_OF_FURTHER,
    description: `Latency by percentile. ${described.join('; ')}.`,
    option: {
      grid: { left: 52, right: 18, top: 26, bottom: 40 },
      xAxis: {
        type: 'value',
        min: places.get(percentiles[0]!),
        max: places.get(percentiles.at(-1)!),
        name: 'percentile',
        nameLocation: 'middle',
        nameGap: 26,
        nameTextStyle: { color: FAINT_INK },
        axisLabel: {
          color: FAINT_INK,
          fontSize: FONT_SIZE - 1,
          customValues: [...places.values()],
          formatter: (at: number) => names.get(at.toFixed(6)) ?? '',
        },
        axisTick: { show: true, customValues: [...places.values()] },
        splitLine: { show: false },
        axisLine: { lineStyle: { color: FAINT_INK } },
      },
      yAxis: {
        type: 'log',
        min: 10 ** Math.floor(Math.log10(Math.max(lowest, MS_MIN))),
        name: 'ms',
        nameGap: 10,
        nameTextStyle: { color: FAINT_INK, align: 'right', padding: [0, 8, 0, 0] },
        axisLabel: { color: FAINT_INK, fontSize: FONT_SIZE - 1, formatter: shortNumber },
        splitLine: { lineStyle: { color: LINE } },
      },
      series: curves.map((curve, index) => seriesOf(curve, styles[index]!, places)),
    },
  });
  return html`${drawing}<ul class="legend">${curves.map(
    ({ label }, index) => html`<li>${swatch(styles[index]!)}${label}</li>`,
  )}</ul>`;
}

function placesOf(percentiles: readonly number[]): Map<number, number> {
  const distance = (p: number): number => -Math.log10(1 - p / 100);
  const last = percentiles.findLast((p) => p < 100);
  const end = (last === undefined ? 0 : distance(last)) + GREATEST_DISTANCE;
  return new Map(percentiles.map((p) => [p, p < 100 ? distance(p) : end]));
}

export function percentileName(percentile: number): string {
  return percentile === 100 ? 'max' : `p${percentile}`;
}

function seriesOf(
  { points, role }: Curve,
  { color, dash, symbol, width }: CurveStyle,
  places: ReadonlyMap<number, number>,
): object {
  return {
    type: 'line',
    silent: true,
    emphasis: { disabled: true },
    z: role === 'livedrops' ? 4 : 3,
    symbol,
    symbolSize: 7,
    lineStyle: { color, width, type: dash === '' ? 'solid' : dash.split(' ').map(Number) },
    itemStyle: {
      color: role === 'ceiling' ? 'var(--card)' : color,
      borderColor: color,
      borderWidth: 1.5,
    },
    data: points.map(([p, ms]) => [places.get(p)!, Math.max(ms, MS_MIN)]),
  };
}

const SHAPES: Readonly<Record<CurveStyle['symbol'], string>> = {
  circle: '<circle cx="17" cy="6" r="3.5"/>',
  rect: '<rect x="13.5" y="2.5" width="7" height="7"/>',
  triangle: '<path d="M17 2l4 7h-8z"/>',
  diamond: '<path d="M17 2l4 4l-4 4l-4-4z"/>',
};

function swatch({ color, dash, symbol, width }: CurveStyle): Html {
  const fill = color.startsWith('var(--ceiling') ? 'var(--card)' : color;
  return new Html(
    `<svg width="34" height="12" aria-hidden="true" style="stroke:${color};fill:${fill}">` +
      `<path d="M0 6h34" stroke-width="${width}" stroke-dasharray="${dash}"/>` +
      `<g stroke-width="1.5">${SHAPES[symbol]}</g></svg>`,
  );
}

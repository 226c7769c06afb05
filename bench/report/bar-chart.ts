// Draws a bar chart of one unit: each row has the median as a bar and the spread of the rounds as a
// whisker.

import { numberText, type Range, withUnit } from '../range.ts';
import type { Role } from '../scenario.ts';
import { chart, CHART_WIDTH, FAINT_INK, FONT_SIZE, INK, LINE } from './chart.ts';
import type { Html } from './html.ts';

const ROW_HEIGHT = 34;
const BAR_HEIGHT = 17;
/** Wide enough for `LABEL_LINE_LENGTH` letters in any usual font. */
const LABELS_WIDTH = 164;
const LABEL_LINE_LENGTH = 22;
const LABEL_LINES_MAX = 2;
const VALUES_WIDTH = 76;
const AXIS_HEIGHT = 26;
const WHISKER_CAP = 4;

export interface Bar {
  readonly label: string;
  readonly role: Role;
  readonly range: Range;
}

export interface BarChartOptions {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly digits: number;
  readonly bars: readonly Bar[];
}

/** LiveDrops is dark, peers are light, a ceiling is an outline: readable without colours too. */
const STYLES: Readonly<Record<Role, object>> = {
  livedrops: { color: 'var(--accent)' },
  peer: { color: 'var(--peer)' },
  ceiling: {
    color: 'var(--hollow)',
    borderColor: 'var(--ceiling)',
    borderWidth: 1,
    decal: {
      symbol: 'rect',
      color: 'var(--hatch)',
      dashArrayX: [1, 0],
      dashArrayY: [1.5, 4],
      rotation: -Math.PI / 4,
    },
  },
};

export function barChart({ id, title, unit, digits, bars }: BarChartOptions): Html {
  const values = bars.map(({ label, range }) => {
    const value = withUnit(numberText(range.median, digits), unit);
    return `${label} ${value}`;
  });
  return chart({
    id,
    height: bars.length * ROW_HEIGHT + AXIS_HEIGHT,
    description: `Bars of ${title}. ${values.join('; ')}.`,
    option: {
      grid: { left: LABELS_WIDTH, right: VALUES_WIDTH, top: 0, bottom: AXIS_HEIGHT },
      xAxis: {
        type: 'value',
        min: 0,
        splitNumber: 4,
        axisLabel: { color: FAINT_INK, fontSize: FONT_SIZE - 1, formatter: shortNumber },
        splitLine: { lineStyle: { color: LINE } },
        axisLine: { show: false },
      },
      yAxis: {
        type: 'category',
        inverse: true,
        data: bars.map(({ label }) => wrapped(label)),
        axisTick: { show: false },
        axisLine: { lineStyle: { color: FAINT_INK } },
        axisLabel: {
          color: INK,
          interval: 0,
          lineHeight: FONT_SIZE + 2,
        },
      },
      series: [
        {
          type: 'bar',
          barWidth: BAR_HEIGHT,
          silent: true,
          emphasis: { disabled: true },
          data: bars.map(({ range, role }) => ({ value: range.median, itemStyle: STYLES[role] })),
        },
        whiskers(bars, digits),
      ],
    },
  });
}

/** Wraps the label by character count, since no text is measured on the server. */
function wrapped(label: string): string {
  const lines: string[] = [];
  for (const word of label.split(' ')) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && longer.length <= LABEL_LINE_LENGTH) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  const shown = lines.slice(0, LABEL_LINES_MAX).map((line) => line.slice(0, LABEL_LINE_LENGTH));
  return lines.length > LABEL_LINES_MAX ? `${shown.join('\n')}…` : shown.join('\n');
}

interface RenderApi {
  value(dimension: number): number;
  coord(data: readonly [number, number]): [number, number];
}

/** Draws the whiskers with the value as text at the end. */
function whiskers(bars: readonly Bar[], digits: number): object {
  return {
    type: 'custom',
    silent: true,
    emphasis: { disabled: true },
    z: 5,
    encode: { x: [0, 1], y: 2 },
    data: bars.map(({ range }, row) => [range.min, range.max, row]),
    renderItem: (_: unknown, api: RenderApi) => {
      const row = api.value(2);
      const [from, y] = api.coord([api.value(0), row]);
      const [to] = api.coord([api.value(1), row]);
      const stroke = { stroke: INK, lineWidth: 1.25, fill: 'none' };
      const line = (x1: number, y1: number, x2: number, y2: number) => ({
        type: 'line',
        shape: { x1, y1, x2, y2 },
        style: stroke,
      });
      const cap = (x: number) => line(x, y - WHISKER_CAP, x, y + WHISKER_CAP);
      const { median, samples } = bars[row]!.range;
      const text = {
        type: 'text',
        style: {
          text: numberText(median, digits),
          x: Math.min(
            Math.max(to, api.coord([median, row])[0]) + 8,
            CHART_WIDTH - VALUES_WIDTH + 8,
          ),
          y,
          verticalAlign: 'middle',
          fontWeight: 600,
          fontSize: FONT_SIZE,
          fontFamily: 'inherit',
          fill: INK,
        },
      };
      const whisker = samples > 1 ? [line(from, y, to, y), cap(from), cap(to)] : [];
      return { type: 'group', children: [...whisker, text] };
    },
  };
}

const THOUSANDS: readonly (readonly [number, string])[] = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** Formats a number for an axis, such as `12k`. */
export function shortNumber(value: number): string {
  for (const [unit, letter] of THOUSANDS) {
    if (Math.abs(value) >= unit) return `${+(value / unit).toPrecision(3)}${letter}`;
  }
  return String(+value.toPrecision(3));
}

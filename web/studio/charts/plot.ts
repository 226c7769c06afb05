// The canvas of a chart. It is loaded when a view first shows one: nothing else needs uPlot.

import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { onceAFrame } from './once-a-frame.ts';
import { axisTimeText } from './axis-time.ts';

export interface PlotData {
  /** In milliseconds since the Unix epoch, ascending. */
  readonly times: readonly number[];
  /** One value a time for each series; null: there is none. */
  readonly values: readonly (readonly (number | null)[])[];
}

export interface PlotOptions {
  /** The canvas fills its width. */
  readonly box: HTMLElement;
  readonly series: number;
  readonly isWhole: boolean;
  /** The end of the axis; absent: the largest value. */
  readonly max: number | undefined;
  readonly format: (value: number) => string;
}

/** Design tokens, by series. Lines differ by their dashes as well. */
const COLOURS = ['--accent', '--focus', '--good', '--warn', '--bad', '--ink'] as const;
const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [12, 3, 2, 3], [4, 6], []];
const HEIGHT = 200;
const WHOLE = [1, 2, 5]
  .flatMap((step) => [0, 1, 2, 3, 4, 5, 6].map((power) => step * 10 ** power))
  .sort((a, b) => a - b);
const SCHEME = matchMedia('(prefers-color-scheme: dark)');
const TIME_SPACE = 90;
const TIME_SIZE = 32;
/** The axis is at least so long, so that the first points do not race over it. */
const SPAN_MIN_MS = 60_000;

export class Plot {
  readonly #box: HTMLElement;
  readonly #chart: UPlot;
  readonly #frames: ReturnType<typeof onceAFrame>;
  readonly #observer: ResizeObserver;
  #data: PlotData = { times: [], values: [] };

  constructor({ box, series, isWhole, max, format }: PlotOptions) {
    this.#box = box;
    const colour = (token: string) => () => getComputedStyle(box).getPropertyValue(token).trim();
    const ink = colour('--ink-soft');
    const grid = { stroke: colour('--line'), width: 1 };
    this.#chart = new UPlot(
      {
        width: box.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        ms: 1,
        series: [
          {},
          ...Array.from({ length: series }, (_, index) => ({
            stroke: colour(COLOURS[index % COLOURS.length]!),
            dash: [...DASHES[index % DASHES.length]!],
            width: 2,
            // One point alone is no line.
            points: { show: (chart: UPlot) => chart.data[0].length === 1 },
            spanGaps: false,
          })),
        ],
        axes: [
          {
            stroke: ink,
            grid: { show: false },
            ticks: { show: false },
            space: TIME_SPACE,
            size: TIME_SIZE,
            values: (_, values) => axisTimeText(values),
          },
          {
            stroke: ink,
            grid,
            ticks: { show: false },
            size: axisSize,
            ...(isWhole && { incrs: WHOLE }),
            values: (_, values) => values.map(format),
          },
        ],
        scales: {
          x: { range: (_, first, last) => [Math.min(first, last - SPAN_MIN_MS), last] },
          y: {
            range: (_, _min, largest) => [
              0,
              max ?? Math.max(isWhole ? 5 : 1, (largest ?? 0) * 1.1),
            ],
          },
        },
      },
      [[]],
      box,
    );
    this.#frames = onceAFrame(
      () => this.#draw(),
      requestAnimationFrame.bind(window),
      cancelAnimationFrame.bind(window),
    );
    this.#observer = new ResizeObserver(() => this.#frames.want());
    this.#observer.observe(box);
    SCHEME.addEventListener('change', this.#frames.want);
  }

  show(data: PlotData): void {
    this.#data = data;
    this.#frames.want();
  }

  end(): void {
    SCHEME.removeEventListener('change', this.#frames.want);
    this.#frames.end();
    this.#observer.disconnect();
    this.#chart.destroy();
  }

  #draw(): void {
    const { times, values } = this.#data;
    const width = this.#box.clientWidth;
    if (width !== this.#chart.width) this.#chart.setSize({ width, height: HEIGHT });
    this.#chart.setData([[...times], ...values.map((one) => [...one])]);
  }
}

/** Room for the longest label of the axis, in CSS pixels. */
function axisSize(_chart: UPlot, labels: readonly string[] | null): number {
  const longest = Math.max(0, ...(labels ?? []).map(({ length }) => length));
  return 16 + 8 * longest;
}

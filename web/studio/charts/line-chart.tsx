// A chart over time with its legend, and the same numbers as a table for who cannot see it.

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { DataTable } from '../../shared/components/data-table.tsx';
import { Notice } from '../../shared/components/parts.tsx';
import { clockTimeText, momentText } from '../../shared/language.ts';
import { faultText, serverNow } from '../../shared/server.ts';
import { studioText } from '../texts.ts';
import type { Plot, PlotData, PlotOptions } from './plot.ts';

/** Of the table: the newest ones. */
const ROWS_MAX = 60;
const HOUR_MS = 3_600_000;

interface LineChartProps extends PlotData {
  readonly title: string;
  /** Of the series, in the order of `values`. */
  readonly names: readonly string[];
  readonly format: (value: number) => string;
  /** There are no halves of it. */
  readonly isWhole?: boolean;
  /** The end of the axis; absent: the largest value. */
  readonly max?: number;
  /** Of each series, in the legend; absent: its newest value. */
  readonly sums?: readonly number[];
  /** What is said where there are no series. */
  readonly none?: string;
}

export function LineChart(props: LineChartProps) {
  const { title, names, times, values, format, isWhole = false, max, sums, none } = props;
  const shown = sums ?? values.map((one) => one.at(-1) ?? null);
  const said = names.map((name, index) => `${name}: ${textOf(shown[index] ?? null, format)}`);
  return (
    <figure class="panel stack chart">
      <figcaption>
        <h3>{title}</h3>
        <ul class="chart-legend" role="list">
          {names.map((name, index) => (
            <li key={name} class={`chart-name chart-name-${index % 6}`}>
              {name} <b class="number">{textOf(shown[index] ?? null, format)}</b>
            </li>
          ))}
        </ul>
      </figcaption>
      {names.length === 0 ? (
        <p class="soft">{none}</p>
      ) : (
        <>
          <Canvas
            key={names.length}
            times={times}
            values={values}
            format={format}
            isWhole={isWhole}
            max={max}
            label={`${title}. ${said.join(', ')}`}
          />
          <AsTable {...props} />
        </>
      )}
    </figure>
  );
}

interface CanvasProps extends PlotData, Omit<PlotOptions, 'box' | 'series'> {
  readonly label: string;
}

function Canvas({ times, values, format, isWhole, max, label }: CanvasProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const newest = useRef<PlotData>({ times, values });
  const fault = useSignal<string | null>(null);
  newest.current = { times, values };
  useEffect(() => {
    let isGone = false;
    import('./plot.ts').then(
      ({ Plot }) => {
        if (isGone) return;
        plot.current = new Plot({
          box: box.current!,
          series: values.length,
          isWhole,
          max,
          format,
        });
        plot.current.show(newest.current);
      },
      (error: unknown) => (fault.value = faultText(error)),
    );
    return () => {
      isGone = true;
      plot.current?.end();
    };
  }, []);
  useEffect(() => plot.current?.show(newest.current), [times, values]);
  return (
    <>
      <div class="chart-canvas" role="img" aria-label={label} ref={box} />
      {fault.value !== null && <Notice tone="warn">{fault.value}</Notice>}
    </>
  );
}

function AsTable({ title, names, times, values, format }: LineChartProps) {
  const isOpen = useSignal(false);
  const isLong = (times.at(-1) ?? 0) - (times[0] ?? 0) > HOUR_MS;
  const timeText = (at: number): string =>
    isLong ? momentText(at, serverNow()) : clockTimeText(at);
  const first = Math.max(0, times.length - ROWS_MAX);
  const rows = isOpen.value ? times.slice(first).map((at, index) => ({ at, index })) : [];
  return (
    <details onToggle={({ currentTarget }) => (isOpen.value = currentTarget.open)}>
      <summary>{studioText('chart.table')}</summary>
      {isOpen.value && (
        <DataTable label={title} heads={[studioText('chart.time'), ...names]}>
          {rows.toReversed().map(({ at, index }) => (
            <tr key={at}>
              <td>{timeText(at)}</td>
              {values.map((one, series) => (
                <td key={names[series]} class="number">
                  {textOf(one[first + index] ?? null, format)}
                </td>
              ))}
            </tr>
          ))}
        </DataTable>
      )}
    </details>
  );
}

function textOf(value: number | null, format: (value: number) => string): string {
  return value === null ? '–' : format(value);
}

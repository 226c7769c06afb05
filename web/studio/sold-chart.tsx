// Units sold over the time that the page is open: a point at most every 250 ms, drawn with the
// frames of the browser.

import { useEffect, useRef } from 'preact/hooks';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Drop } from '../../sdk/api.ts';
import { clockTimeText, numberText } from '../shared/language.ts';
import { serverNow } from '../shared/server.ts';
import { studioText } from './texts.ts';

const HEIGHT = 220;
const POINT_MS = 250;
/** Of the axis of units: there are no halves. */
const WHOLE = [1, 2, 5]
  .flatMap((step) => [0, 1, 2, 3, 4, 5].map((power) => step * 10 ** power))
  .sort((a, b) => a - b);
/** 15 minutes; older points go. */
const POINTS_MAX = 3_600;

export function SoldChart({ drop }: { drop: Drop }) {
  const element = useRef<HTMLDivElement>(null);
  const sold = useRef(drop.sold);
  sold.current = drop.sold;
  useEffect(() => {
    const box = element.current!;
    const colour = getComputedStyle(box).getPropertyValue('--accent');
    const ink = getComputedStyle(box).getPropertyValue('--ink-soft');
    const line = getComputedStyle(box).getPropertyValue('--line');
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false } };
    const times: number[] = [];
    const units: number[] = [];
    const chart = new UPlot(
      {
        width: box.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        series: [{}, { stroke: colour, fill: `${colour}22`, width: 2, points: { show: false } }],
        axes: [
          {
            ...axis,
            grid: { show: false },
            space: 90,
            values: (_, values) => values.map((value) => clockTimeText(value * 1_000)),
          },
          {
            ...axis,
            incrs: WHOLE,
            values: (_, values) => values.map((value) => numberText(value)),
          },
        ],
        scales: { y: { range: (_, _min, max) => [0, Math.max(5, max * 1.1)] } },
      },
      [times, units],
      box,
    );
    const timer = setInterval(() => {
      if (document.hidden) return;
      times.push(serverNow() / 1_000);
      units.push(sold.current);
      if (times.length > POINTS_MAX) {
        times.shift();
        units.shift();
      }
      chart.setData([times, units]);
    }, POINT_MS);
    const observer = new ResizeObserver(() =>
      chart.setSize({ width: box.clientWidth, height: HEIGHT }),
    );
    observer.observe(box);
    return () => {
      clearInterval(timer);
      observer.disconnect();
      chart.destroy();
    };
  }, []);
  return (
    <section class="stack">
      <h2>{studioText('sale.chart')}</h2>
      <div
        class="panel studio-chart"
        role="img"
        aria-label={studioText('sale.chart.text', { n: drop.sold })}
        ref={element}
      />
    </section>
  );
}

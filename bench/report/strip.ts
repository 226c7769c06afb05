// Draws the samples of a finding on a line from zero: a ring for each round, a dot for the median,
// and a mark for the aim with the side that meets it. The numbers are in the text beside it.

import { rangeOf, verdictOf } from '../range.ts';
import type { Finding } from '../scenario.ts';
import { Html } from './html.ts';

const WIDTH = 150;
const HEIGHT = 20;
const EDGE = 5;

export function strip(finding: Finding): Html | null {
  const { aim, better, samples } = finding;
  const range = rangeOf(samples);
  if (range === null) return null;
  const top = Math.max(range.max, aim ?? 0) * 1.08;
  if (!(top > 0)) return null;
  const at = (value: number): string =>
    (EDGE + (Math.max(0, value) / top) * (WIDTH - 2 * EDGE)).toFixed(1);
  const middle = HEIGHT / 2;
  const parts = [`<path class="axis" d="M${EDGE} ${middle}H${WIDTH - EDGE}"/>`];
  if (aim !== null) {
    const [from, to] = better === 'more' ? [at(aim), at(top)] : [at(0), at(aim)];
    parts.push(
      `<path class="goal" d="M${from} ${middle}H${to}"/>`,
      `<path class="aim" d="M${at(aim)} 2V${HEIGHT - 2}"/>`,
    );
  }
  for (const value of samples)
    parts.push(`<circle class="sample" cx="${at(value)}" cy="${middle}" r="3"/>`);
  parts.push(
    `<circle class="${verdictOf(finding)}" cx="${at(range.median)}" cy="${middle}" r="4"/>`,
  );
  return new Html(
    `<svg class="strip" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" ` +
      `aria-hidden="true">${parts.join('')}</svg>`,
  );
}

// The findings of a soak, from made-up samples with one property each.

import test from 'ava';
import { GENERATION_SAMPLES, soakFindings } from '../../../bench/scenarios/soak-report.ts';
import type { Sample } from '../../../bench/scenario.ts';

const ORDERS_PER_SAMPLE = 50_000;
const BASE_MEGABYTES = 400;

/** Orders of a generation stay for four samples after its end. */
function samplesOf(bytesAnOrder: number, bytesLeaked: number): Sample[] {
  return Array.from({ length: 6 * GENERATION_SAMPLES }, (_, i) => {
    const ever = (i + 1) * ORDERS_PER_SAMPLE;
    const ofGeneration = (i % GENERATION_SAMPLES) + 1;
    const stays = ofGeneration <= 4 && i >= GENERATION_SAMPLES ? GENERATION_SAMPLES : 0;
    const kept = (ofGeneration + stays) * ORDERS_PER_SAMPLE;
    // As garbage does: never the same twice, and without a trend.
    const noise = ((i * 7919) % 13) / 10;
    const used = BASE_MEGABYTES + (kept * bytesAnOrder + ever * bytesLeaked) / 1e6 + noise;
    return { figures: { ever, kept, used, resident: used + 100 } };
  });
}

function foundIn(samples: readonly Sample[]): number[] {
  // The first generation is warming up: nothing of one before is in memory yet.
  return soakFindings(samples.slice(GENERATION_SAMPLES)).map((finding) => finding.samples[0]!);
}

test('memory released with its drops is not growth', (t) => {
  const [order, growth, returned] = foundIn(samplesOf(100, 0));
  t.true(Math.abs(order! - 100) < 2, String(order));
  t.true(Math.abs(growth!) < 1, String(growth));
  t.true(Math.abs(returned! - 1) < 0.02, String(returned));
});

test('memory left by orders of ended drops is growth', (t) => {
  const [order, growth, returned] = foundIn(samplesOf(100, 40));
  t.true(Math.abs(order! - 100) < 2, String(order));
  t.true(Math.abs(growth! - 40) < 1, String(growth));
  t.true(Math.abs(returned! - 0.6) < 0.02, String(returned));
});

test('there is no finding before a drop has ended', (t) => {
  t.deepEqual(soakFindings(samplesOf(100, 0).slice(0, GENERATION_SAMPLES)), []);
});

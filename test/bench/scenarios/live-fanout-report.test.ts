// Turning deliveries into figures and findings.

import test from 'ava';
import type { Delivery } from '../../../bench/load/live-load.ts';
import { LATENCY_PERCENTILES, type LatencyPoint, type Role } from '../../../bench/scenario.ts';
import {
  FANOUT_FIGURES,
  fanoutFindings,
  type FanoutRound,
  type FanoutSubject,
  subjectOfReport,
} from '../../../bench/scenarios/live-fanout-report.ts';

const OPENED = { bytesPerConnection: 6_000, connectionsPerSecond: 3_000, idleCpuShare: 0.02 };

function points(p99Ms: number): LatencyPoint[] {
  return LATENCY_PERCENTILES.map((percentile) => [percentile, percentile === 99 ? p99Ms : 1]);
}

function delivery(cpuMicrosPerFrame: number, p99Ms: number): Delivery {
  return {
    frames: 10,
    frameBytes: 400,
    frame: points(p99Ms),
    change: points(p99Ms + 1),
    steppedBack: 0,
    missed: 0,
    closed: 0,
    cpuMicrosPerFrame,
    serverCpuShare: 0.5,
    loadCpuShare: 0.4,
  };
}

function subject(key: string, role: Role, rounds: FanoutRound[]): FanoutSubject {
  return { key, label: key, role, about: '', opened: OPENED, rounds };
}

function measured(hasMany: boolean): FanoutSubject[] {
  const many = (cpu: number) => (hasMany ? { delivery: delivery(cpu, 900), opened: OPENED } : null);
  const ours: FanoutRound = {
    start: points(70),
    single: delivery(10, 90),
    storm: { delivery: delivery(12, 110), answers: points(20) },
    many: many(10),
  };
  const plain = (cpu: number, p99Ms: number): FanoutRound => ({
    start: null,
    single: delivery(cpu, p99Ms),
    storm: null,
    many: null,
  });
  return [
    subject('livedrops', 'livedrops', [ours, { ...ours, single: delivery(16, 80) }]),
    subject('raw', 'ceiling', [
      { ...plain(8, 80), many: many(9) },
      { ...plain(8, 85), many: many(9) },
    ]),
    subject('ws', 'peer', [plain(15, 180), plain(16, 40)]),
  ];
}

test('every figure of a sample is one of the report', (t) => {
  const keys = new Set(FANOUT_FIGURES.map(({ key }) => key));
  for (const one of measured(true)) {
    for (const { figures } of subjectOfReport(one).samples) {
      for (const [key, value] of Object.entries(figures)) {
        t.true(keys.has(key), key);
        t.true(Number.isFinite(value), key);
      }
    }
  }
});

test('findings compare figures of the same round', (t) => {
  const findings = fanoutFindings(measured(true), { subscribers: 10_000, many: 50_000 });
  const of = (start: string) => findings.find(({ label }) => label.startsWith(start))!;
  t.deepEqual(of('CPU time of a delivered frame').samples, [0.8, 0.5]);
  t.deepEqual(of('an order to all 10,000').samples, [90, 80]);
  t.is(of('an order to all 10,000').aim, 100);
  t.is(of('raw publish to all 10,000').aim, null);
  t.deepEqual(of('ahead of ws, CPU time').samples, [1.5, 1]);
  t.deepEqual(of('ahead of ws, p99').samples, [2, 0.5]);
  t.deepEqual(of('50,000 subscribers').samples, [0.9, 0.9]);
});

test('unmeasured figures have no finding; no aim beyond 10,000 subscribers', (t) => {
  const findings = fanoutFindings(measured(false), { subscribers: 20_000, many: null });
  t.false(findings.some(({ label }) => label.includes('50,000')));
  t.is(findings.find(({ label }) => label.startsWith('an order to all'))!.aim, null);
});

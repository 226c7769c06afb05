// Turning the CPU time of a cluster's processes into findings.

import test from 'ava';
import type { Subject } from '../../../bench/scenario.ts';
import { clusterReport } from '../../../bench/scenarios/cluster-report.ts';

const OPTIONS = { rounds: 2, seconds: 1, connections: 64, saturatingConnections: 512 };

/** A server with these CPU times of an order, one for each round. */
function subject(key: string, cpuMicros: readonly number[]): Subject {
  const samples = cpuMicros.map((micros) => ({
    figures: { cpuMicros: micros, perSecond: 1_000, p99Ms: 5 },
  }));
  return { key, label: key, role: 'ceiling', about: '', samples };
}

test('the cluster and its floor are told beside the bare server, round by round', (t) => {
  const subjects = [
    subject('cluster-512', [80, 90]),
    subject('cluster-64', [200, 200]),
    subject('ceiling-512', [20, 30]),
    subject('ceiling-64', [20, 20]),
    subject('floor-512', [40, 45]),
    subject('floor-64', [80, 80]),
  ];
  const { findings } = clusterReport(OPTIONS, subjects, []);
  const of = (label: string) => {
    const { samples, aim } = findings.find((finding) => finding.label === label)!;
    return { samples, aim };
  };
  const cost = 'CPU time of all processes';
  t.deepEqual(of(`${cost}, times the ceiling's, at 512 connections`), {
    samples: [4, 3],
    aim: 3.2,
  });
  t.deepEqual(of(`${cost}, the cluster floor's, times the ceiling's, at 512 connections`), {
    samples: [2, 1.5],
    aim: null,
  });
  t.deepEqual(of(`${cost}, times the cluster floor's, at 512 connections`), {
    samples: [2, 2],
    aim: null,
  });
  t.deepEqual(of(`${cost}, times the cluster floor's, at 64 connections`).samples, [2.5, 2.5]);
});

test('without the programs of a cluster the report says why, and has no findings', (t) => {
  const { findings, notes } = clusterReport(OPTIONS, [], ['Not measured: no nats-server.']);
  t.deepEqual([findings, notes], [[], ['Not measured: no nats-server.']]);
});

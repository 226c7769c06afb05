import test from 'ava';
import { type CrowdBounds, crowdOf } from '../../../bench/scenarios/live-fanout-crowd.ts';

const BOUNDS: CrowdBounds = {
  filesPerProcess: 20_000,
  memoryBytes: 16e9,
  processesMax: 8,
  servers: 2,
};

function placed(asked: number, bounds: Partial<CrowdBounds>): [number, number] {
  const { subscribers, processes } = crowdOf(asked, { ...BOUNDS, ...bounds });
  return [subscribers, processes];
}

test('a crowd uses as few processes as its open files need', (t) => {
  t.deepEqual(placed(50_000, { filesPerProcess: 50_256 }), [50_000, 1]);
  t.deepEqual(placed(19_744, {}), [19_744, 1]);
  t.deepEqual(placed(19_745, {}), [19_745, 2]);
  t.deepEqual(placed(50_000, {}), [50_000, 3]);
});

test('a crowd is smaller if processes, files or memory do not allow all of it', (t) => {
  t.deepEqual(placed(50_000, { processesMax: 1 }), [19_744, 1]);
  t.deepEqual(placed(50_000, { filesPerProcess: 1_256, processesMax: 8 }), [8_000, 8]);
  t.deepEqual(placed(50_000, { memoryBytes: 2 * 48 * 1024 * 30_000 }), [30_000, 2]);
  t.deepEqual(placed(50_000, { memoryBytes: 0 }), [1, 1]);
});

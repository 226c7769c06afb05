import test from 'ava';
import { redisBenchmarkFigures } from '../../../bench/load/redis-benchmark.ts';

const NAMES =
  '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms",' +
  '"p99_latency_ms","max_latency_ms"\n';
const VALUES = '"21493.82","2.815","0.536","1.799","10.711","15.679","20.207"\n';

test('rate and percentiles are read by the column names', (t) => {
  t.deepEqual(redisBenchmarkFigures(`${NAMES}"XADD log * e xxxx",${VALUES}`), {
    perSecond: 21_493.82,
    latency: [
      [50, 1.799],
      [95, 10.711],
      [99, 15.679],
      [100, 20.207],
    ],
  });
  const turned = redisBenchmarkFigures(
    '"p99_latency_ms","max_latency_ms","p95_latency_ms","p50_latency_ms","rps"\n' +
      '"4","5","3","2","1"',
  );
  t.is(turned.perSecond, 1);
  t.deepEqual(
    turned.latency.map(([, ms]) => ms),
    [2, 3, 4, 5],
  );
});

test('commands with commas and quotes, and warnings before the figures, are parsed', (t) => {
  const csv = `WARNING: Could not fetch server CONFIG\n${NAMES}"SET a "1,2"",${VALUES}`;
  t.is(redisBenchmarkFigures(csv).perSecond, 21_493.82);
});

test('output without figures is an error that quotes it', (t) => {
  for (const csv of ['', NAMES, 'Could not connect to Redis at 127.0.0.1:1', `${NAMES}"XADD"`]) {
    const error = t.throws(() => redisBenchmarkFigures(csv));
    t.true(error.message.endsWith(csv), error.message);
  }
});

// The frames of `livedrops top`: what is shown at which size, and that nothing is past it (X7).

import test from 'ava';
import { frame } from '../../../operator/top/frame.ts';
import { alarmOf, PICTURE } from './pictures.ts';

const PLAIN = { colours: false, isPaused: false, url: 'http://127.0.0.1:8080' };
const ESCAPE = '\u001B';

test('X7: at 80 by 24 every section is there, with the first of its rows', (t) => {
  const lines = frame(PICTURE, { ...PLAIN, columns: 80, rows: 24 });
  t.deepEqual(lines, [
    'LiveDrops  http://127.0.0.1:8080  2 nodes, 1 lost, 4 live drops',
    'requests 12346/s   orders 4321/s   placed 100/s   refused 4221/s   5xx 0.5/s',
    'in flight 17   orders waiting 9   streams 10000   frames 31/s',
    'refused: sold-out 4200, limit-per-user 21',
    'latency            p50     p95     p99',
    'orders          4.2 ms   21 ms  120 ms',
    'other requests  1.1 ms  4.0 ms   1.5 s',
    'appends              -       -       -',
    'mailboxes       1.0 ms  2.0 ms  3.0 ms',
    '! node lost: 1 on node-3',
    '! refunds parked: 2: livedrops refunds',
    'nodes (2 more)',
    'node    state    shards  live  orders/s  lag',
    'node-1  serving      86     2      1235    0',
    'hottest drops (11 more)',
    'drop                         units/s  free   of',
    'd_008jjnbha414edmr42yf5a86p       50     0  500',
    'busiest shards (20 more)',
    'shard  owner  state  waiting  orders/s',
    'consumers (2 more)',
    'consumer  waiting  lag',
    'jobs; 2 refunds parked (1 more)',
    'job  queued  running  overdue',
    'q quits, p pauses',
  ]);
});

test('X7: on a wide terminal sections stand beside each other, with more rows', (t) => {
  const lines = frame(PICTURE, { ...PLAIN, columns: 160, rows: 40 });
  t.true(lines.length <= 40);
  const text = lines.join('\n');
  t.regex(text, /^nodes {70,}hottest drops$/m);
  t.regex(text, /^node-1 +serving .* d_008jjnbha414edmr42yf5a86p +50 +0 +500$/m);
  t.regex(text, /^ +0 {2}node-1 {2}damaged +0 +100/m);
  t.regex(text, /refund-orders +3 +1 +2\.0 s/);
});

test('X7: no frame is longer or wider than its terminal, with colours and without', (t) => {
  for (const columns of [20, 60, 80, 129, 130, 200])
    for (const rows of [3, 12, 24, 50])
      for (const colours of [true, false]) {
        const lines = frame(PICTURE, { ...PLAIN, columns, rows, colours });
        t.true(lines.length <= rows, `${columns} by ${rows}: ${lines.length} lines`);
        for (const line of lines) {
          const shown = line.replaceAll(new RegExp(`${ESCAPE}\\[\\d+m`, 'g'), '');
          t.true(shown.length <= columns, `${columns} by ${rows}: ${shown}`);
        }
      }
});

test('X7: without colours there is no escape; alarms are red, and none is green', (t) => {
  const size = { ...PLAIN, columns: 80, rows: 24 };
  t.false(frame(PICTURE, size).join('').includes(ESCAPE));
  const coloured = frame(PICTURE, { ...size, colours: true });
  t.true(coloured.includes(`${ESCAPE}[31m! node lost: 1 on node-3${ESCAPE}[0m`));
  t.true(coloured.includes(`${ESCAPE}[31m! refunds parked: 2: livedrops refunds${ESCAPE}[0m`));
  const alarms = [
    alarmOf('clock-wrong', { value: 0.6123, unit: 'seconds', nodes: ['node-1', 'node-2'] }),
    alarmOf('disk-full', { value: 0.912, unit: 'share', nodes: ['node-1'] }),
  ];
  const lines = frame({ ...PICTURE, alarms }, size);
  t.true(lines.includes('! clock wrong: 0.612 s on node-1, node-2'));
  t.true(lines.includes('! disk full: 91.2 % on node-1'));
  const calm = frame({ ...PICTURE, alarms: [] }, { ...size, colours: true, isPaused: true });
  t.true(calm.includes(`${ESCAPE}[32mno alarm${ESCAPE}[0m`));
  t.regex(calm[0]!, /paused$/);
});

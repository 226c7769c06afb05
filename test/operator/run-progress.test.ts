// Progress on stderr: one line on a terminal, a line every few seconds elsewhere.

import test from 'ava';
import type { RunProgress } from '../../contracts/operator.ts';
import { ProgressLine } from '../../operator/run-progress.ts';

function start(isTTY: boolean) {
  const written: string[] = [];
  let now = 0;
  const output = { isTTY, write: (text: string) => void written.push(text) };
  const line = new ProgressLine({ output, now: () => now });
  const show = (done: number, afterMs: number) => {
    now += afterMs;
    const progress: RunProgress = { phase: 'drops', shards: 1, shardsDone: 0, total: 8, done };
    line.show(progress);
  };
  return { written, line, show };
}

test('on a terminal the line is replaced, ten times a second at most', (t) => {
  const { written, line, show } = start(true);
  show(1, 0);
  show(2, 50);
  show(4, 60);
  line.clear();
  const text = (percent: number, done: number) =>
    '\r\u001b[K' +
    `comparing drops with their journals: ${percent} %, 0 of 1 shard, ${done} of 8 entries`;
  t.deepEqual(written, [text(12, 1), text(50, 4), '\r\u001b[K']);
});

test('elsewhere it is a line every five seconds at most, and nothing is cleared', (t) => {
  const { written, line, show } = start(false);
  show(1, 0);
  for (let i = 0; i < 49; i++) show(2, 100);
  show(4, 100);
  show(4, 6_000);
  line.clear();
  t.deepEqual(
    written.map((text) => [text.match(/(\d) of 8/)![1], text.endsWith('\n')]),
    [
      ['1', true],
      ['4', true],
    ],
  );
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import test from 'ava';
import { type CpuProfile, type Frame, frameTree } from '../../bench/profile/cpu-profile.ts';
import { drawProfiles } from '../../bench/profile/draw-profiles.ts';
import { flameGraph } from '../../bench/profile/flame-graph.ts';

const PROJECT = new URL('../../', import.meta.url).href;

function node(id: number, functionName: string, url = '', children: number[] = [], lineNumber = 0) {
  return { id, callFrame: { functionName, url, lineNumber }, children };
}

/** 10 ms: the root for 1, idle for 2, `decide` under two copies of `loop` for 3 and 4. */
const PROFILE: CpuProfile = {
  nodes: [
    node(1, '(root)', '', [2, 3, 5]),
    node(2, '(idle)'),
    node(3, 'loop', `${PROJECT}actors/shard/shard.ts`, [4], 119),
    node(4, 'decide', `${PROJECT}domain/decide.ts`, [], 9),
    node(5, 'loop', `${PROJECT}actors/shard/shard.ts`, [6, 7], 119),
    node(6, 'decide', `${PROJECT}domain/decide.ts`, [], 9),
    node(7, '<pack>', `${PROJECT}node_modules/msgpackr/pack.js`, [], 41),
  ],
  startTime: 0,
  endTime: 12_000,
  samples: [1, 2, 4, 6, 7],
  timeDeltas: [0, 1_000, 2_000, 3_000, 4_000],
};

function child(frame: Frame, name: string): Frame {
  return [...frame.children.values()].find((one) => one.name === name)!;
}

test('equal stacks are merged and their times added up', (t) => {
  const { root, idleMicros, samples } = frameTree(PROFILE);
  t.is(samples, 5);
  t.is(idleMicros, 2_000);
  t.is(root.totalMicros, 10_000);
  t.is(root.selfMicros, 1_000);
  t.is(root.children.size, 1);
  const loop = child(root, 'loop');
  t.is(loop.totalMicros, 9_000);
  t.is(loop.selfMicros, 0);
  t.is(child(loop, 'decide').selfMicros, 7_000);
  t.is(child(loop, '<pack>').totalMicros, 2_000);
});

test('frames have the path in the project or the package name', (t) => {
  const loop = child(frameTree(PROFILE).root, 'loop');
  t.is(loop.place, 'actors/shard/shard.ts:120');
  t.is(loop.origin, 'project');
  t.is(child(loop, '<pack>').place, 'msgpackr/pack.js:42');
  t.is(child(loop, '<pack>').origin, 'package');
});

test('a flame graph has a box for each frame, as wide as its time, and escapes names', (t) => {
  const graph = flameGraph(frameTree(PROFILE), 'a & b');
  const widths = [
    ...graph.matchAll(/<title>(\S+)[\s\S]*?<rect x="[\d.]+" y="\d+" width="([\d.]+)"/g),
  ];
  const width = (name: string) => Number(widths.find(([, told]) => told === name)![2]) + 0.5;
  t.is(widths.length, 4);
  t.is(Math.round((width('loop') / width('all')) * 100), 90);
  t.is(Math.round((width('decide') / width('all')) * 100), 70);
  t.true(graph.includes('&lt;pack&gt;'));
  t.true(graph.includes('a &amp; b'));
  t.regex(graph, /<title>decide\ndomain\/decide\.ts:10\ntotal 70\.00 % \(7\.0 ms\), self 70\.00 %/);
});

test('a flame graph is the same each time it is drawn', (t) => {
  t.is(flameGraph(frameTree(PROFILE), 'x'), flameGraph(frameTree(PROFILE), 'x'));
});

test('a profile that is no tree is refused', (t) => {
  const nodes = [node(1, '(root)', '', [2]), node(2, 'loop', '', [2])];
  t.throws(() => frameTree({ ...PROFILE, nodes }), { message: /no tree/ });
  t.throws(() => frameTree({ ...PROFILE, nodes: [] }), { message: /without a single node/ });
});

test('every profile of a directory is drawn, except of idle threads', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-flames-'));
  try {
    writeFileSync(join(directory, 'server.cpuprofile'), JSON.stringify(PROFILE));
    const idle = { ...PROFILE, samples: [2], timeDeltas: [0] };
    writeFileSync(join(directory, 'idle.cpuprofile'), JSON.stringify(idle));
    const drawn = drawProfiles(directory);
    t.deepEqual(
      drawn.map((path) => basename(path)),
      ['server.svg'],
    );
    t.regex(readFileSync(drawn[0]!, 'utf8'), /^<svg xmlns/);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

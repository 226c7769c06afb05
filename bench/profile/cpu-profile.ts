// Turns the output of V8's `--cpu-prof` into one tree of frames with the time of each frame. Merges
// stacks with the same names: V8 lists a function that was compiled twice as two functions.

import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      /** From 0; -1 without a source. */
      readonly lineNumber: number;
    };
    readonly children?: readonly number[];
  }[];
  /** The node on top of the stack in each sample. */
  readonly samples?: readonly number[];
  /** Microseconds since the previous sample; the first since the start. */
  readonly timeDeltas?: readonly number[];
  readonly endTime: number;
  readonly startTime: number;
}

export type Origin = 'project' | 'package' | 'node' | 'engine';

export interface Frame {
  readonly name: string;
  /** `actors/shard/shard.ts:120`, `moleculer/src/context.js:33`; empty for the engine's own. */
  readonly place: string;
  readonly origin: Origin;
  /** Microseconds in this function itself, without its callees. */
  selfMicros: number;
  /** Microseconds in this function and its callees. */
  totalMicros: number;
  readonly children: Map<string, Frame>;
}

export interface FrameTree {
  /** Everything that ran, without the idle time of the process. */
  readonly root: Frame;
  readonly idleMicros: number;
  readonly samples: number;
}

const IDLE = '(idle)';

export function frameTree(profile: CpuProfile): FrameTree {
  const selfMicros = selfTimes(profile);
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const top = profile.nodes[0];
  if (top === undefined) throw new Error('a CPU profile without a single node');
  const root = frameOf({ functionName: 'all', url: '', lineNumber: -1 });
  let idleMicros = 0;
  // No recursion: the measured stack may be deeper than our own stack allows.
  const open: { id: number; parent: Frame }[] = (top.children ?? []).map((id) => ({
    id,
    parent: root,
  }));
  const seen = new Set<number>();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const node = byId.get(next.id);
    if (node === undefined || seen.has(next.id)) throw new Error('a CPU profile that is no tree');
    seen.add(next.id);
    const micros = selfMicros.get(next.id) ?? 0;
    if (node.callFrame.functionName === IDLE) {
      idleMicros += micros;
      continue;
    }
    const fresh = frameOf(node.callFrame);
    const key = `${fresh.name} ${fresh.place}`;
    const frame = next.parent.children.get(key) ?? fresh;
    next.parent.children.set(key, frame);
    frame.selfMicros += micros;
    for (const id of node.children ?? []) open.push({ id, parent: frame });
  }
  root.selfMicros = selfMicros.get(top.id) ?? 0;
  addUp(root);
  return { root, idleMicros, samples: profile.samples?.length ?? 0 };
}

/** Adds up the totals. `order` has callers before callees, so the sums start at its end. */
function addUp(root: Frame): void {
  const order: { frame: Frame; caller: Frame | null }[] = [{ frame: root, caller: null }];
  // The loop appends to the array that it iterates.
  for (const { frame } of order) {
    frame.totalMicros = frame.selfMicros;
    for (const child of frame.children.values()) order.push({ frame: child, caller: frame });
  }
  for (const { frame, caller } of order.toReversed()) {
    if (caller !== null) caller.totalMicros += frame.totalMicros;
  }
}

/** Self time by node: a sample counts until the next sample. */
function selfTimes({ samples = [], timeDeltas = [], startTime, endTime }: CpuProfile) {
  const micros = new Map<number, number>();
  let at = startTime;
  for (const [index, id] of samples.entries()) {
    at += timeDeltas[index] ?? 0;
    const held = index + 1 < samples.length ? (timeDeltas[index + 1] ?? 0) : endTime - at;
    // V8 sometimes lists a sample out of order, with a negative delta.
    micros.set(id, (micros.get(id) ?? 0) + Math.max(0, held));
  }
  return micros;
}

function frameOf(call: CpuProfile['nodes'][number]['callFrame']): Frame {
  const { path, origin } = originOf(call.url);
  const place = path === '' || call.lineNumber < 0 ? path : `${path}:${call.lineNumber + 1}`;
  const name = call.functionName || '(anonymous)';
  return { name, place, origin, selfMicros: 0, totalMicros: 0, children: new Map() };
}

function originOf(url: string): { path: string; origin: Origin } {
  if (url === '') return { path: '', origin: 'engine' };
  if (url.startsWith('node:')) return { path: url, origin: 'node' };
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  const packages = path.lastIndexOf('/node_modules/');
  if (packages >= 0)
    return { path: path.slice(packages + '/node_modules/'.length), origin: 'package' };
  const inProject = relative(ROOT, path);
  return { path: inProject.startsWith('..') ? path : inProject, origin: 'project' };
}

// Draws a tree of frames as a flame graph (Brendan Gregg). Callers are above callees, so that a
// tall graph is read from its top; the width is the time. The picture is SVG without scripts: a
// frame that is too narrow for its label has a title for the pointer.

import { createHash } from 'node:crypto';
import { escaped } from '../report/html.ts';
import type { Frame, FrameTree, Origin } from './cpu-profile.ts';

const WIDTH = 1600;
const MARGIN = 12;
const HEAD = 64;
const FOOT = 30;
const ROW = 18;
const FONT_SIZE = 11;
/** Width of a character of a monospaced font, as a share of its size. */
const CHARACTER_WIDTH = 0.61;
/** Narrower frames are not drawn: a pointer could not hit them. */
const WIDTH_MIN = 0.5;
const CHARACTERS_MIN = 3;

/** All hues are warm, so that no colour looks like good or bad. Each origin has a range of hues. */
const COLOURS: Readonly<Record<Origin, { hue: number; spread: number; saturation: number }>> = {
  project: { hue: 14, spread: 14, saturation: 88 },
  package: { hue: 36, spread: 12, saturation: 90 },
  node: { hue: 47, spread: 6, saturation: 62 },
  engine: { hue: 30, spread: 10, saturation: 14 },
};
const ORIGIN_NAMES: Readonly<Record<Origin, string>> = {
  project: 'LiveDrops',
  package: 'packages',
  node: 'Node',
  engine: 'engine and native code',
};

interface Box {
  readonly frame: Frame;
  readonly depth: number;
  readonly x: number;
  readonly width: number;
}

export function flameGraph(tree: FrameTree, title: string): string {
  const boxes = layOut(tree.root);
  const rows = Math.max(...boxes.map(({ depth }) => depth)) + 1;
  const height = HEAD + rows * ROW + FOOT;
  const all = Math.max(1, tree.root.totalMicros);
  const drawn = boxes.map((box) => boxMarkup(box, HEAD + box.depth * ROW, all));
  const { root, idleMicros, samples } = tree;
  const summary =
    `${seconds(root.totalMicros)} s at work, ${seconds(idleMicros)} s idle (not shown), ` +
    `${samples.toLocaleString('en-US')} samples`;
  const label = escaped(`Flame graph of ${title}: ${summary}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}"
  viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}">
<style>
text {
  font: ${FONT_SIZE}px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace;
  fill: #1b1410;
}
.title { font: 600 17px system-ui, sans-serif; }
.summary { font: 13px system-ui, sans-serif; fill: #5d4f46; }
.frame:hover rect { stroke: #1b1410; }
</style>
<rect width="100%" height="100%" fill="#fffaf4"/>
<text class="title" x="${MARGIN}" y="26">${escaped(title)}</text>
<text class="summary" x="${MARGIN}" y="47">${escaped(summary)}</text>
${legend(height - FOOT / 2 + 4)}
${drawn.join('\n')}
</svg>
`;
}

/** Siblings are in order of name, so that two graphs of the same program look alike. */
function layOut(root: Frame): Box[] {
  const scale = (WIDTH - 2 * MARGIN) / Math.max(1, root.totalMicros);
  const boxes: Box[] = [];
  const open: Box[] = [{ frame: root, depth: 0, x: MARGIN, width: root.totalMicros * scale }];
  for (let box = open.pop(); box !== undefined; box = open.pop()) {
    boxes.push(box);
    let { x } = box;
    const children = [...box.frame.children].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [, frame] of children) {
      const width = frame.totalMicros * scale;
      if (width >= WIDTH_MIN) open.push({ frame, depth: box.depth + 1, x, width });
      x += width;
    }
  }
  return boxes;
}

function boxMarkup({ frame, x, width }: Box, y: number, allMicros: number): string {
  const share = (micros: number) =>
    `${((micros / allMicros) * 100).toFixed(2)} % (${(micros / 1_000).toFixed(1)} ms)`;
  const title =
    `${frame.name}${frame.place === '' ? '' : `\n${frame.place}`}\n` +
    `total ${share(frame.totalMicros)}, self ${share(frame.selfMicros)}`;
  const label = clipped(labelOf(frame), width - 6);
  const text =
    label === '' ? '' : `<text x="${(x + 3).toFixed(2)}" y="${y + 12.5}">${escaped(label)}</text>`;
  return (
    `<g class="frame"><title>${escaped(title)}</title>` +
    `<rect x="${x.toFixed(2)}" y="${y}" width="${Math.max(0.1, width - 0.5).toFixed(2)}" ` +
    `height="${ROW - 1}" rx="1.5" fill="${colourOf(frame)}"/>${text}</g>`
  );
}

/** The name and the file; `clipped` cuts the label to the width. */
function labelOf({ name, place }: Frame): string {
  return place === '' ? name : `${name}  ${place}`;
}

function clipped(text: string, width: number): string {
  const characters = Math.floor(width / (FONT_SIZE * CHARACTER_WIDTH));
  if (characters < CHARACTERS_MIN) return '';
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}…`;
}

/** A function has the same colour in every graph. */
function colourOf({ name, place, origin }: Frame): string {
  const digest = createHash('sha1').update(`${name} ${place}`).digest();
  const { hue, spread, saturation } = COLOURS[origin];
  const turned = hue + ((digest[0]! / 255) * 2 - 1) * spread;
  const lightness = 66 + (digest[1]! / 255) * 12;
  return `hsl(${turned.toFixed(0)} ${saturation}% ${lightness.toFixed(0)}%)`;
}

function legend(y: number): string {
  let x = MARGIN;
  const parts = (Object.keys(COLOURS) as Origin[]).map((origin) => {
    const { hue, saturation } = COLOURS[origin];
    const name = ORIGIN_NAMES[origin];
    const part =
      `<rect x="${x}" y="${y - 10}" width="12" height="12" rx="2" ` +
      `fill="hsl(${hue} ${saturation}% 70%)"/>` +
      `<text x="${x + 18}" y="${y}">${name}</text>`;
    x += 18 + name.length * FONT_SIZE * CHARACTER_WIDTH + 24;
    return part;
  });
  return parts.join('');
}

function seconds(micros: number): string {
  return (micros / 1e6).toFixed(2);
}

// Draws the picture of `livedrops top` as lines of a terminal, of any size from 60 by 12 on. Pure:
// the same picture, size and colours give the same text.

import type { Picture } from './picture.ts';
import type { Percentiles } from '../../app/alarms/samples.ts';
import type { Alarm } from '../../contracts/alarms.ts';
import { table } from '../table.ts';

export interface FrameSize {
  readonly columns: number;
  readonly rows: number;
}

export interface FrameOptions extends FrameSize {
  readonly colours: boolean;
  readonly isPaused: boolean;
  /** Where the picture is from. */
  readonly url: string;
}

interface Section {
  readonly title: string;
  readonly headings: readonly string[];
  readonly numbers: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** From this width on sections stand beside each other. */
const WIDE_COLUMNS = 130;
const GAP = '   ';
const HEADING_LINES = 2;
const ALARMS_SHOWN_MAX = 4;

const ESCAPE = '\u001B';
const [RED, GREEN, BOLD, DIM, PLAIN] = ['31', '32', '1', '2', '0'].map(
  (code) => `${ESCAPE}[${code}m`,
);
const ESCAPES = new RegExp(`${ESCAPE}\\[\\d+m`, 'g');

/** Exactly `rows` lines at most, none longer than `columns`. */
export function frame(picture: Picture, options: FrameOptions): string[] {
  const { columns, rows } = options;
  const top = [...headLines(picture, options), ...alarmLines(picture, options)];
  const footer = dim('q quits, p pauses', options);
  const room = rows - top.length - 1;
  const sections = sectionsOf(picture);
  const body =
    columns >= WIDE_COLUMNS
      ? besideEachOther(sections, columns, room, options)
      : stacked(sections, room, options);
  return [...top, ...body.slice(0, Math.max(room, 0)), footer]
    .slice(0, rows)
    .map((line) => clipped(line, columns));
}

function headLines(picture: Picture, options: FrameOptions): string[] {
  const { rates, nodesThere, nodesLost, liveDrops, streams, inFlight, ordersWaiting } = picture;
  const nodes = `${nodesThere} ${nodesThere === 1 ? 'node' : 'nodes'}`;
  const lost = nodesLost === 0 ? '' : `, ${nodesLost} lost`;
  const pause = options.isPaused ? '  paused' : '';
  const latencies = picture.latencies.map(({ of, seconds }) => [of, ...timesOf(seconds)]);
  const refused = picture.refusals.map(({ code, perSecond }) => `${code} ${rate(perSecond)}`);
  return [
    `${bold('LiveDrops', options)}  ${options.url}  ` +
      `${nodes}${lost}, ${liveDrops} live drops${pause}`,
    `requests ${rate(rates.requests)}/s   orders ${rate(rates.orders)}/s   ` +
      `placed ${rate(rates.placed)}/s   refused ${rate(rates.refusals)}/s   ` +
      `5xx ${rate(rates.failures)}/s`,
    `in flight ${inFlight}   orders waiting ${ordersWaiting}   streams ${streams}   ` +
      `frames ${rate(rates.frames)}/s`,
    `refused: ${refused.length === 0 ? 'nothing' : refused.join(', ')}`,
    ...linesOf(['latency', 'p50', 'p95', 'p99'], latencies, ['p50', 'p95', 'p99'], options),
  ];
}

function alarmLines({ alarms }: Picture, options: FrameOptions): string[] {
  if (alarms.length === 0) return [coloured('no alarm', GREEN!, options)];
  const lines = alarms
    .slice(0, ALARMS_SHOWN_MAX)
    .map((alarm) => coloured(`! ${alarmText(alarm)}`, RED!, options));
  const more = alarms.length - lines.length;
  return more > 0 ? [...lines, coloured(`! and ${more} more`, RED!, options)] : lines;
}

/** Such as `clock wrong: 0.6 s on north`. */
function alarmText({ name, value, unit, nodes, command }: Alarm): string {
  const of = {
    count: String(value),
    seconds: `${Number(value.toPrecision(3))} s`,
    share: `${(value * 100).toFixed(1)} %`,
  }[unit];
  const on = nodes.length === 0 ? '' : ` on ${nodes.join(', ')}`;
  return `${name.replaceAll('-', ' ')}: ${of}${on}${command === null ? '' : `: ${command}`}`;
}

function sectionsOf(picture: Picture): Section[] {
  const { nodes, drops, shards, consumers, jobs, parkedRefunds } = picture;
  return [
    {
      title: 'nodes',
      headings: ['node', 'state', 'shards', 'live', 'orders/s', 'lag'],
      numbers: ['shards', 'live', 'orders/s', 'lag'],
      rows: nodes.map((node) => [
        node.nodeId,
        node.state,
        String(node.shardsOwned),
        String(node.liveDrops),
        rate(node.ordersPerSecond),
        String(node.relayLag),
      ]),
    },
    {
      title: 'hottest drops',
      headings: ['drop', 'units/s', 'free', 'of'],
      numbers: ['units/s', 'free', 'of'],
      rows: drops.map(({ id, perSecond, free, stocked }) => [
        id,
        rate(perSecond),
        String(free),
        String(stocked),
      ]),
    },
    {
      title: 'busiest shards',
      headings: ['shard', 'owner', 'state', 'waiting', 'orders/s'],
      numbers: ['shard', 'waiting', 'orders/s'],
      rows: shards.map(({ shard, owner, status, waiting, ordersPerSecond }) => [
        String(shard),
        owner ?? '-',
        status,
        String(waiting),
        rate(ordersPerSecond),
      ]),
    },
    {
      title: 'consumers',
      headings: ['consumer', 'waiting', 'lag'],
      numbers: ['waiting', 'lag'],
      rows: consumers.map(({ consumer, waiting, lagSeconds }) => [
        consumer,
        String(waiting),
        time(lagSeconds),
      ]),
    },
    {
      title: `jobs; ${parkedRefunds} refunds parked`,
      headings: ['job', 'queued', 'running', 'overdue'],
      numbers: ['queued', 'running', 'overdue'],
      rows: jobs.map(({ kind, queued, running, overdueSeconds }) => [
        kind,
        String(queued),
        String(running),
        time(overdueSeconds),
      ]),
    },
  ];
}

/** Each section gets rows in turn, until the room is used up or all are shown. */
function stacked(sections: readonly Section[], room: number, options: FrameOptions): string[] {
  const shown = sections.map(() => 0);
  let left = room - sections.length * HEADING_LINES;
  for (let isGiven = true; isGiven && left > 0; ) {
    isGiven = false;
    for (const [index, { rows }] of sections.entries()) {
      if (left === 0 || shown[index]! >= rows.length) continue;
      shown[index]! += 1;
      left -= 1;
      isGiven = true;
    }
  }
  return sections.flatMap((section, index) => sectionLines(section, shown[index]!, options));
}

/** The first and the third on the left, the others on the right. */
function besideEachOther(
  sections: readonly Section[],
  columns: number,
  room: number,
  options: FrameOptions,
): string[] {
  const width = Math.floor((columns - GAP.length) / 2);
  const isLeft = (index: number) => index === 0 || index === 2;
  const [left, right] = [isLeft, (index: number) => !isLeft(index)].map((belongs) =>
    stacked(
      sections.filter((_, index) => belongs(index)),
      room,
      options,
    ),
  );
  const lines = Math.max(left!.length, right!.length);
  return Array.from({ length: lines }, (_, index) => {
    const line = clipped(left![index] ?? '', width);
    const padding = ' '.repeat(Math.max(width - lengthOf(line), 0));
    return `${line}${padding}${GAP}${right![index] ?? ''}`.trimEnd();
  });
}

function sectionLines(section: Section, shown: number, options: FrameOptions): string[] {
  const { title, headings, numbers, rows } = section;
  const more = rows.length - shown;
  const counted = more > 0 ? `${title} (${more} more)` : title;
  return [
    bold(counted, options),
    ...linesOf(headings, rows.slice(0, shown), numbers, options).slice(0, 1 + shown),
  ];
}

/** The headings, dim, and the rows. */
function linesOf(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: readonly string[],
  options: FrameOptions,
): string[] {
  const [heading = '', ...others] = table(headings, rows, numbers).trimEnd().split('\n');
  return [dim(heading, options), ...others];
}

function timesOf(seconds: Percentiles | null): string[] {
  if (seconds === null) return ['-', '-', '-'];
  return [seconds.p50, seconds.p95, seconds.p99].map(time);
}

function time(seconds: number): string {
  if (seconds === 0) return '0';
  if (seconds >= 1) return `${seconds.toFixed(1)} s`;
  return `${(seconds * 1_000).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
}

function rate(perSecond: number): string {
  return perSecond.toFixed(perSecond > 0 && perSecond < 10 ? 1 : 0);
}

function coloured(text: string, colour: string, { colours }: FrameOptions): string {
  return colours ? `${colour}${text}${PLAIN}` : text;
}

function bold(text: string, options: FrameOptions): string {
  return coloured(text, BOLD!, options);
}

function dim(text: string, options: FrameOptions): string {
  return coloured(text, DIM!, options);
}

function lengthOf(line: string): number {
  return line.replaceAll(ESCAPES, '').length;
}

/** Cuts a line; one that is cut loses its colours. */
function clipped(line: string, columns: number): string {
  if (lengthOf(line) <= columns) return line;
  return line.replaceAll(ESCAPES, '').slice(0, columns);
}

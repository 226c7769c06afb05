// What the supervisor of a cluster shows: who owns how much, how fast it sells, what has moved and
// what happened to the processes. Pure: whoever calls has asked the nodes. Fits 100 columns.

import type { MoveInfo, NodeInfo } from '../api-client.ts';
import { milliseconds } from '../moves.ts';
import { count, table } from '../table.ts';
import type { SupervisedNode } from './supervisor.ts';

export interface ClusterPicture {
  readonly processes: readonly SupervisedNode[];
  /** What the nodes say; null where none of them answers. */
  readonly nodes: readonly NodeInfo[] | null;
  /** Newest first. */
  readonly moves: readonly MoveInfo[];
  /** Newest last: what happened to the processes, each with when (milliseconds since the epoch). */
  readonly events: readonly ClusterEvent[];
  readonly dataDirectory: string;
}

export interface ClusterEvent {
  readonly at: number;
  readonly text: string;
}

const NUMBERS = ['pid', 'starts', 'shards', 'wanted', 'live drops', 'orders/s', 'lag'];
const MOVES_SHOWN = 5;
const EVENTS_SHOWN = 5;

/** The whole picture, for a terminal. */
export function clusterText(picture: ClusterPicture): string {
  const { nodes, moves, events, dataDirectory } = picture;
  const lastEvents = events
    .slice(-EVENTS_SHOWN)
    .map(({ at, text }) => `  ${clockTime(at)}  ${text.split('\n', 1)[0]}\n`);
  const lastMoves = moves
    .slice(0, MOVES_SHOWN)
    .map((move) => [
      `  ${clockTime(Date.parse(move.endedAt))}`,
      `shard ${move.shard}`,
      `${move.from} -> ${move.to}`,
      move.result,
      milliseconds(move.blackoutMs),
      move.reason,
    ]);
  return [
    `LiveDrops: ${summary(picture)}\n\n`,
    nodesTable(picture),
    nodes === null ? '\nNo node answers.\n' : '',
    lastMoves.length === 0 ? '' : `\nLast moves\n${rowsText(lastMoves)}`,
    lastEvents.length === 0 ? '' : `\nLast events\n${lastEvents.join('')}`,
    `\nLIVEDROPS_DATA=${dataDirectory} npx livedrops nodes | shards | drain | move ...\n`,
    'Ctrl-C ends it all.\n',
  ].join('');
}

/** The same in one line, for logs and pipes. */
export function clusterLine(picture: ClusterPicture): string {
  const owned = (picture.nodes ?? []).map(
    ({ nodeId, state, shardsOwned }) =>
      `${nodeId} ${state === 'serving' ? '' : `${state} `}${count(shardsOwned, 'shard')}`,
  );
  return [summary(picture), ...owned].join('; ');
}

function summary({ processes, nodes }: ClusterPicture): string {
  const running = processes.filter(({ state }) => state === 'running').length;
  const up = `${running} of ${count(processes.length, 'node')} up`;
  if (nodes === null) return up;
  const living = nodes.filter(({ state }) => state !== 'lost');
  const sum = (of: (node: NodeInfo) => number): number =>
    living.reduce((total, node) => total + of(node), 0);
  return (
    `${up}, ${count(
      sum((node) => node.liveDrops),
      'live drop',
    )}, ` +
    `${sum((node) => node.ordersPerSecond).toFixed(0)} orders/s, ` +
    `lag ${sum((node) => node.relayLag)}`
  );
}

function nodesTable({ processes, nodes }: ClusterPicture): string {
  const rows = processes.map(({ nodeId, state, pid, restarts, url }) => {
    const told = nodes?.find((node) => node.nodeId === nodeId);
    const process = [nodeId, stateText(state, told), String(pid ?? '-'), String(restarts + 1)];
    const figures =
      told === undefined
        ? ['-', '-', '-', '-', '-']
        : [
            String(told.shardsOwned),
            String(told.shardsWanted),
            String(told.liveDrops),
            told.ordersPerSecond.toFixed(0),
            String(told.relayLag),
          ];
    return [...process, ...figures, url];
  });
  return table(['node', 'state', ...NUMBERS, 'url'], rows, NUMBERS);
}

/** Of a process that runs, what the cluster says of it. */
function stateText(state: SupervisedNode['state'], told: NodeInfo | undefined): string {
  if (state === 'running') return told?.state ?? 'running';
  return state === 'waiting' ? 'crashed' : state;
}

function rowsText(rows: readonly (readonly string[])[]): string {
  return table(
    rows[0]!.map(() => ''),
    rows,
  ).slice(1);
}

/** The time of day in UTC: `12:03:44`. */
function clockTime(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}

// Formats the state of a local cluster: nodes with their shards and order rates, the last moves,
// and the last events of the processes. Pure: the caller reads the nodes. Fits 100 columns.

import type { Move, Node } from '../../sdk/api.ts';
import { milliseconds } from '../moves.ts';
import { count, table } from '../table.ts';
import type { SupervisedNode } from './supervisor.ts';

export interface ClusterPicture {
  readonly processes: readonly SupervisedNode[];
  /** The answer of the cluster; null when no node answers. */
  readonly nodes: readonly Node[] | null;
  /** Newest first. */
  readonly moves: readonly Move[];
  /** Events of the processes, newest last. */
  readonly events: readonly ClusterEvent[];
  readonly dataDirectory: string;
}

export interface ClusterEvent {
  /** Milliseconds since the Unix epoch. */
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
    'Ctrl-C stops the cluster.\n',
  ].join('');
}

/** The same state in one line, for logs and pipes. */
export function clusterLine(picture: ClusterPicture): string {
  const owned = (picture.nodes ?? []).map(
    ({ nodeId, state, shardsOwned }) =>
      `${nodeId} ${state === 'serving' ? '' : `${state} `}${count(shardsOwned, 'shard')}`,
  );
  return [summary(picture), ...owned].join('; ');
}

function summary({ processes, nodes }: ClusterPicture): string {
  const running = processes.filter(({ state }) => state === 'running').length;
  const up = `${running} of ${count(processes.length, 'node')} running`;
  if (nodes === null) return up;
  const living = nodes.filter(({ state }) => state !== 'lost');
  const sum = (of: (node: Node) => number): number =>
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
    const node = nodes?.find((info) => info.nodeId === nodeId);
    const process = [nodeId, stateText(state, node), String(pid ?? '-'), String(restarts + 1)];
    const figures =
      node === undefined
        ? ['-', '-', '-', '-', '-']
        : [
            String(node.shardsOwned),
            String(node.shardsWanted),
            String(node.liveDrops),
            node.ordersPerSecond.toFixed(0),
            String(node.relayLag),
          ];
    return [...process, ...figures, url];
  });
  return table(['node', 'state', ...NUMBERS, 'url'], rows, NUMBERS);
}

/** The state that the cluster reports for a running process, or the state of the process. */
function stateText(state: SupervisedNode['state'], node: Node | undefined): string {
  if (state === 'running') return node?.state ?? 'running';
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

// `livedrops search`: lists the search indexes of all nodes, and makes them anew.

import type { OperatorApi } from './api-client.ts';
import type { SearchNode } from '../sdk/api.ts';
import { ApiError } from './api-error.ts';
import { connectOperator, type ConnectOptions } from './connect.ts';
import { interruptSignal, type Pace, realPace } from './pace.ts';
import { type ListOptions, showList } from './show-list.ts';
import { table } from './table.ts';

const POLL_MS = 500;
const MIB = 1 << 20;

export interface RebuildSearchOptions extends ConnectOptions {
  readonly json?: true;
}

export async function searchNodes(options: ListOptions): Promise<void> {
  await showList(options, (api) => api.searchNodes(), searchNodesText);
}

export async function rebuildSearch(
  node: string | undefined,
  options: RebuildSearchOptions,
): Promise<void> {
  const api = await connectOperator(options);
  const interrupted = interruptSignal();
  const pace = realPace(interrupted);
  const nodes = await api.searchNodes();
  const chosen = node === undefined ? nodes.map((one) => one.node) : [node];
  if (chosen.length === 0) throw new Error('no node has the role search');
  const rebuilt: SearchNode[] = [];
  try {
    for (const nodeId of chosen) rebuilt.push(await rebuildOne(api, nodeId, pace));
  } catch (error) {
    if (!interrupted.aborted) throw error;
    process.stderr.write('The rebuild goes on: livedrops search shows it.\n');
  }
  const isJson = options.json === true;
  process.stdout.write(isJson ? `${JSON.stringify(rebuilt, null, 2)}\n` : searchNodesText(rebuilt));
}

/** Resolves when the new index serves. */
async function rebuildOne(api: OperatorApi, nodeId: string, pace: Pace): Promise<SearchNode> {
  let ended = rebuildsOf(await find(api, nodeId)) ?? 0;
  await api.rebuildSearch(nodeId);
  for (let shown = ''; ; ) {
    await pace.pause(POLL_MS);
    const found = await find(api, nodeId).catch((error: unknown) => {
      if (error instanceof ApiError && error.transient) return null;
      throw error;
    });
    const rebuilds = rebuildsOf(found);
    if (found === null || rebuilds === null) continue;
    if (rebuilds > ended) return found;
    // The process was started again, and counts from 0.
    ended = rebuilds;
    const documents = found.index?.rebuild?.documents ?? 0;
    const text = `${nodeId}: ${documents} of about ${found.index?.documents ?? 0} documents\n`;
    if (text !== shown) process.stderr.write(text);
    shown = text;
  }
}

async function find(api: OperatorApi, nodeId: string): Promise<SearchNode | null> {
  return (await api.searchNodes()).find(({ node }) => node === nodeId) ?? null;
}

function rebuildsOf(found: SearchNode | null): number | null {
  return found?.index?.rebuilds ?? null;
}

export function searchNodesText(nodes: readonly SearchNode[]): string {
  if (nodes.length === 0) return 'No node has the role search.\n';
  const lines = table(
    ['node', 'state', 'lag', 'changes', 'documents', 'words', 'MiB', 'rebuild'],
    nodes.map(({ node, index }) => {
      if (index === null) return [node, 'silent', '-', '-', '-', '-', '-', '-'];
      const { isBuilding, lagMs, recordsBehind, rebuild } = index;
      return [
        node,
        isBuilding ? 'building' : 'serving',
        `${(lagMs / 1000).toFixed(1)} s`,
        String(recordsBehind),
        String(index.documents),
        String(index.words),
        (index.bytes / MIB).toFixed(1),
        rebuild === null ? '-' : `${rebuild.documents} since ${rebuild.startedAt}`,
      ];
    }),
    ['lag', 'changes', 'documents', 'words', 'MiB'],
  );
  return lines;
}

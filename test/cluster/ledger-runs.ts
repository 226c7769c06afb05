// What tests of the ledger with real processes have in common: orders while nodes die, and at last
// a bundle that the verifier takes.

import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { eventually, type Json } from '../end-to-end/sale-client.ts';
import { verify } from '../events/ledger/made-ledger.ts';
import { runCommand } from '../operator/run-command.ts';
import type { ClusterNode } from './cluster-node.ts';

const WAIT_MAX_MS = 120_000;

/** A number of milliseconds up to this one, from a seed that the test logs. */
export function randomMoments(t: ExecutionContext, maxMs: number): () => number {
  let state = Date.now() % 2 ** 31;
  t.log(`seed ${state}`);
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * maxMs);
  };
}

export async function ledgerOf({ client }: ClusterNode): Promise<Json> {
  const token = client.token('olga', 600, ['operator']);
  return (await client.get('/v1/operator/ledger', { token })).json;
}

/** Resolves to the ledger when everything is in it. */
export async function completeLedger(node: ClusterNode): Promise<Json> {
  return await eventually(
    () => ledgerOf(node),
    ({ behind }) => behind === 0,
    WAIT_MAX_MS,
  );
}

/** Exports by the node, verifies against the bundle before, and compares with the stores. */
export async function assertVerified(
  t: ExecutionContext,
  node: ClusterNode,
  options: {
    readonly environment: Readonly<Record<string, string>>;
    readonly folder: string;
    readonly name: string;
    readonly against?: string;
  },
): Promise<string> {
  const { environment, folder, name, against } = options;
  const bundle = join(folder, name);
  const args = ['ledger', 'export', '--out', bundle, '--url', node.url];
  const exported = await runCommand(args, { environment });
  t.is(exported.code, 0, exported.stderr);
  const verified = await verify(bundle, ...(against === undefined ? [] : ['--against', against]));
  t.is(verified.code, 0, verified.output);
  const compared = await runCommand(['ledger', 'verify', '--json'], { environment });
  t.is(compared.code, 0, compared.stdout + compared.stderr);
  return bundle;
}

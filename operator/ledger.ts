// `livedrops ledger`: shows the ledger, proves what is in it, verifies it, exports it, and rotates
// its keys.

import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { bundleChunks } from '../events/ledger/bundle.ts';
import { readHeadLeaf } from '../events/ledger/leaves.ts';
import { rootOfInclusion, rootsOfConsistency } from '../events/ledger/merkle.ts';
import { withPresentKeys } from '../events/ledger/signed-note.ts';
import { LEDGER_FINDING_LENGTH_MAX, LEDGER_FINDINGS_MAX } from '../contracts/bounds.ts';
import type { LedgerCheck } from '../events/ledger/ledger-check.ts';
import type { InclusionProof, LedgerConsistency, LedgerProof, LedgerStatus } from '../sdk/api.ts';
import type { OperatorApi } from './api-client.ts';
import { connectOperator, type ConnectOptions } from './connect.ts';
import { count, table } from './table.ts';

export interface LedgerOptions extends ConnectOptions {
  readonly json?: true;
}

export interface ProveOptions extends LedgerOptions {
  readonly tree?: string;
  readonly number?: number;
  readonly order?: string;
  readonly buyer?: string;
  /** A size of `heads`: that the newest checkpoint continues the one of that size. */
  readonly from?: number;
}

export interface LedgerExportOptions extends LedgerOptions {
  readonly out: string;
  readonly from: number;
}

const TOLD_MAX_MS = 3_000;

export type LedgerApi = Pick<OperatorApi, 'ledger' | 'ledgerLeaves' | 'ledgerEdge'>;

function print(options: LedgerOptions, value: unknown, text: string): void {
  process.stdout.write(options.json === true ? `${JSON.stringify(value, null, 2)}\n` : text);
}

export async function ledgerStatus(options: LedgerOptions): Promise<void> {
  const status = await (await connectOperator(options)).ledger();
  print(options, status, statusText(status));
}

export function statusText({ origin, size, signedAt, keys, trees, behind }: LedgerStatus): string {
  const rows = trees
    .toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
    .map((tree) => [
      tree.name,
      String(tree.size),
      tree.size === 0 ? '-' : `${tree.first}-${tree.first + tree.size - 1}`,
    ]);
  const lines = [
    `${origin}: ${count(size, 'head')}, signed at ${signedAt}, ${behind} behind\n`,
    ...keys.map(
      ({ verifierKey, isPresent }) => `${isPresent ? 'key' : 'older key'} ${verifierKey}\n`,
    ),
  ];
  return lines.join('') + table(['tree', 'leaves', 'from-to'], rows, ['leaves']);
}

/** Checks the proof that the server gave. Errors: an Error where it does not hold. */
export async function proveLedger(options: ProveOptions): Promise<void> {
  const api = await connectOperator(options);
  if (options.from !== undefined) {
    const proof = await api.ledgerConsistency(options.from);
    checkConsistency(proof);
    print(options, proof, `ok: ${proof.size} heads continue the first ${proof.olderSize}\n`);
    return;
  }
  const { tree, number, order, buyer } = options;
  const asked =
    order === undefined
      ? { ...(tree !== undefined && { tree }), ...(number !== undefined && { number }) }
      : { order, ...(buyer !== undefined && { buyer }) };
  const proof = await api.ledgerProof(asked);
  checkInclusion(proof);
  print(options, proof, `ok: ${proof.tree} has ${proof.number}\n${proof.checkpoint}`);
}

function checkInclusion({ checkpoint, tree, inclusion, head }: LedgerProof): void {
  const root = rootOf(inclusion);
  const leaf = readHeadLeaf(Buffer.from(head.leaf, 'base64'));
  const isOfTree = leaf.tree === tree && leaf.size === inclusion.size;
  if (!isOfTree || root === null || !root.equals(leaf.root) || !isSigned(rootOf(head), checkpoint))
    throw new Error('the proof does not hold');
}

function rootOf({ leaf, path, ...place }: InclusionProof): Buffer | null {
  const hashes = path.map((hash) => Buffer.from(hash, 'base64'));
  const root = rootOfInclusion(Buffer.from(leaf, 'base64'), { ...place, path: hashes });
  return root === null ? null : Buffer.from(root);
}

function checkConsistency({ checkpoint, olderRoot, path, ...sizes }: LedgerConsistency): void {
  const older = Buffer.from(olderRoot, 'base64');
  const hashes = path.map((hash) => Buffer.from(hash, 'base64'));
  const roots = rootsOfConsistency(older, { ...sizes, path: hashes });
  const newer = roots === null ? null : Buffer.from(roots.newer);
  if (roots === null || !older.equals(roots.older) || !isSigned(newer, checkpoint))
    throw new Error('the proof does not hold');
}

function isSigned(root: Buffer | null, checkpoint: string): boolean {
  return root !== null && checkpoint.split('\n', 3)[2] === root.toString('base64');
}

/** Compares the ledger with journals and audit log, by the settings of a node. */
export async function verifyLedger(options: LedgerOptions): Promise<void> {
  const { loadStoredConfig } = await import('../composition/config.ts');
  const { reportLedger } = await import('../composition/ledger-report.ts');
  const config = loadStoredConfig({ signs: false });
  const check = await reportLedger(config);
  const { leaves, erased, removed, findings } = check;
  const lines = findings.map((finding) => `  ${finding}\n`).join('');
  const rest = `${erased} of deleted accounts, ${removed} past retention`;
  const verdict = findings.length === 0 ? 'ok' : `FAILED: ${findings.length} found`;
  const text = `${lines}${verdict}: ${leaves} ${leaves === 1 ? 'leaf' : 'leaves'} (${rest})\n`;
  print(options, check, text);
  const { readServerUrl } = await import('../composition/server-url.ts');
  const { store, dataDirectory } = config;
  // The nodes of a cluster may be on other machines; a node alone stores its address.
  const mayHear = store.kind === 'redis' || readServerUrl(dataDirectory) !== null;
  if (mayHear || options.url !== undefined) await tell(check, options);
  if (findings.length > 0) process.exitCode = 1;
}

/** A server that runs remembers it, for the console. */
async function tell({ findings, ...check }: LedgerCheck, options: ConnectOptions): Promise<void> {
  try {
    const api = await connectOperator({ ...options, timeoutMs: TOLD_MAX_MS });
    const told = findings
      .slice(0, LEDGER_FINDINGS_MAX)
      .map((finding) => finding.slice(0, LEDGER_FINDING_LENGTH_MAX));
    await api.noteLedgerCheck({ ...check, findings: told });
  } catch (error) {
    // What was found is printed all the same.
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`no server was told of it: ${why}\n`);
  }
}

export async function exportLedger(options: LedgerExportOptions): Promise<void> {
  const { out, from } = options;
  const status = await writeBundle(await connectOperator(options), { out, from });
  const text = `${out}: ${count(status.size - from, 'head')} of ${status.origin}\n`;
  print(options, { out, origin: status.origin, from, size: status.size }, text);
}

/** The file gets its name only when it is whole. Errors: those of the file system; `ApiError`. */
export async function writeBundle(
  api: LedgerApi,
  { out, from }: { readonly out: string; readonly from: number },
): Promise<LedgerStatus> {
  const status = await api.ledger();
  const source = {
    ...withPresentKeys(status.checkpoint, status.keys),
    trees: status.trees,
    leaves: async (tree: string, at: number, limit: number) =>
      (await api.ledgerLeaves(tree, at, limit)).map((leaf) => Buffer.from(leaf, 'base64')),
    edge: async (tree: string, size: number) =>
      (await api.ledgerEdge(tree, size)).map((hash) => Buffer.from(hash, 'base64')),
  };
  const partial = `${out}.part`;
  try {
    const file = createWriteStream(partial, { flush: true });
    await pipeline(Readable.from(bundleChunks({ source, from })), file);
    await rename(partial, out);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  return status;
}

export async function rotateLedgerKey(options: LedgerOptions): Promise<void> {
  const api = await connectOperator(options);
  const [present] = (await api.ledger()).keys;
  const status = await api.rotateLedgerKey(present!.keyId);
  print(options, status, statusText(status));
}

export async function removeLedgerKey(keyId: string, options: LedgerOptions): Promise<void> {
  await (await connectOperator(options)).removeLedgerKey(keyId);
  print(options, { keyId, removed: true }, `${keyId} is removed\n`);
}

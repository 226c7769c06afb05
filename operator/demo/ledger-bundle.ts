// The ledger of the demo's sale: exported as anybody with the role would, and verified by the
// verifier that knows nothing of the server.

import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { OperatorApi } from '../api-client.ts';
import { writeBundle } from '../ledger.ts';

const VERIFIER = fileURLToPath(new URL('../../verifier/verify.mjs', import.meta.url));
const COMPLETE_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 200;

export interface VerifiedLedger {
  readonly heads: number;
  /** Journal entries and operators' actions. */
  readonly leaves: number;
  /** The verifier's key. */
  readonly key: string;
  /** Of the verifier; and where the ledger is not complete. */
  readonly findings: readonly string[];
}

/** Waits until all that was sold is in the ledger. */
export async function verifiedLedger(options: {
  readonly url: string;
  /** With the operator's role. */
  readonly token: string;
  /** Where the bundle is written. */
  readonly file: string;
}): Promise<VerifiedLedger> {
  const { url, token, file: out } = options;
  const api = new OperatorApi({ url, token: () => token });
  const deadline = performance.now() + COMPLETE_TIMEOUT_MS;
  while ((await api.ledger()).behind > 0 && performance.now() < deadline)
    await pause(POLL_INTERVAL_MS);
  const { size, keys, trees, behind } = await writeBundle(api, { out, from: 0 });
  const key = keys[0]!.verifierKey;
  const findings = await verify(out, key);
  if (behind > 0) findings.push(`${behind} entries are not in the ledger`);
  const leaves = trees
    .filter(({ name }) => name !== 'heads')
    .reduce((sum, tree) => sum + tree.size, 0);
  return { heads: size, leaves, key, findings };
}

/** What the verifier found. */
async function verify(bundle: string, key: string): Promise<string[]> {
  return await new Promise((resolve) => {
    execFile(process.execPath, [VERIFIER, bundle, '--key', key], (error, stdout, stderr) => {
      const wrong = stdout.split('\n').filter((line) => line.startsWith('WRONG: '));
      if (error === null) resolve([]);
      else resolve(wrong.length > 0 ? wrong : [`the verifier did not finish: ${stderr}`]);
    });
  });
}

// Verifies a bundle, alone or against an older one of the same ledger.

import { checkBundle, leavesOf, readHead } from './check-bundle.mjs';

/**
 * What is wrong, a sentence each; nothing where all is well. `keys`: those that are trusted; null
 * where none are known beforehand. `against`: the file of an older bundle, or null. `say` is told
 * what was found to be in order.
 */
export async function verifyBundle({ file, keys, against, say }) {
  const findings = [];
  try {
    const older = against === null ? null : await openHead(against, keys, findings);
    // Where no key is given, those of the older bundle were known before.
    const head = await openHead(file, keys ?? older?.keys ?? null, findings);
    const rootsAt = older === null ? [] : [Math.min(head.size, older.size)];
    const check = await checkBundle(file, { head, rootsAt });
    findings.push(...check.findings);
    if (findings.length === 0) report(head, check, say);
    if (older !== null) await compare({ file, head, check, against, older, findings, say });
  } catch (error) {
    findings.push(error.message);
  }
  return findings;
}

async function openHead(file, trusted, findings) {
  const head = await readHead(file);
  const isTrusted = ({ text }) => trusted === null || trusted.some((key) => key.text === text);
  if (!head.keys.some(isTrusted))
    findings.push(`the checkpoint of ${file} is signed by none of the keys that are trusted`);
  return head;
}

function report({ origin, size, keys }, { trees, start }, say) {
  say(`${origin}: ${size} heads${start === 0 ? '' : `, of which the first ${start} are left out`}`);
  for (const { text } of keys) say(`signed by ${text}`);
  for (const { name, first, built, start: from } of trees.slice(1))
    say(`${name}: ${first + from} to ${first + built.size - 1}`);
}

async function compare({ file, head, check, against, older, findings, say }) {
  const size = Math.min(head.size, older.size);
  const before = await checkBundle(against, { head: older, rootsAt: [size] });
  findings.push(...before.findings.map((finding) => `${against}: ${finding}`));
  if (head.origin !== older.origin) {
    findings.push(`the bundles are of two ledgers: ${head.origin} and ${older.origin}`);
    return;
  }
  const [root, rootBefore] = [check.roots.get(size), before.roots.get(size)];
  if (root === undefined || rootBefore === undefined) {
    findings.push(`the bundles cannot be compared: one begins behind the other's end, ${size}`);
  } else if (root === rootBefore) {
    if (findings.length === 0) say(`consistent with ${against}: ${older.size} heads`);
  } else if (findings.length > 0) {
    findings.push(`the first ${size} heads are not those of ${against}`);
  } else {
    const where = await difference({ file, check, against, before });
    findings.push(`FORK: two histories of ${head.origin} are signed${where}`);
  }
}

/** Where the two part, if they begin at the same place. */
async function difference({ file, check, against, before }) {
  if (check.start !== before.start) return '';
  const theirs = leavesOf(against);
  for await (const { tree, index, number, leaf } of leavesOf(file)) {
    const { value: other } = await theirs.next();
    if (other === undefined) break;
    if (other.tree === tree && other.index === index && other.leaf.equals(leaf)) continue;
    return `: they part at leaf ${index} of ${tree}${number === null ? '' : `, number ${number}`}`;
  }
  return '';
}

// Compares every drop state that a client received with the journal's state at that version. Checks
// that no read returns an older version than an earlier read: not on one connection, and never
// across a crash.

import { describe, type History, type ShownDrop, type Tolerance, type Where } from './history.ts';
import type { Truth } from './truth.ts';

interface DropRead {
  readonly where: Where;
  readonly dropId: string;
  readonly version: number;
  /** Must not be older than earlier binding reads of the same round. */
  readonly fresh: boolean;
  /** Later fresh reads of the same round must not be older. */
  readonly binding: boolean;
}

export function checkDrops(history: History, truth: Truth, { copyAgeMs }: Tolerance): string[] {
  const findings: string[] = [];
  const reads: DropRead[] = [];
  for (const { where, source, drop } of history.drops) {
    findings.push(...checkState(where, drop, truth));
    const fresh = source === 'read' || source === 'change';
    reads.push({ where, dropId: drop.id, version: drop.version, fresh, binding: fresh });
  }
  for (const { where, drop } of history.liveDrops) {
    findings.push(...checkState(where, drop, truth));
    reads.push({ where, dropId: drop.id, version: drop.version, fresh: false, binding: false });
  }
  for (const { where, dropId, order, refusedAt } of history.attempts) {
    const version = order?.version ?? refusedAt;
    if (version === null) continue;
    reads.push({ where, dropId, version, fresh: false, binding: order !== null });
  }
  for (const ofOne of Map.groupBy(reads, ({ dropId }) => dropId).values()) {
    findings.push(...checkNeverBack(ofOne, copyAgeMs));
  }
  findings.push(...checkConnections(history));
  findings.push(...checkRestocks(history, truth));
  return findings;
}

function checkState(where: Where, shown: ShownDrop, truth: Truth): string[] {
  const { id, version, stocked, held, sold, free, status } = shown;
  const text = `${status}, ${held} held, ${sold} sold of ${stocked}`;
  if (free !== stocked - held - sold || free < 0 || held < 0 || sold < 0) {
    return [`S3: ${id} at version ${version} was ${text}, ${free} free; ${describe(where)}`];
  }
  const states = truth.drops.get(id)?.stock ?? [];
  const is = states[version - 1];
  if (is === undefined) {
    return [
      `O2: ${id} was shown at version ${version}, and the journal has ${states.length}; ` +
        describe(where),
    ];
  }
  const same =
    is.status === status && is.stocked === stocked && is.held === held && is.sold === sold;
  if (same) return [];
  return [
    `O2: ${id} at version ${version} was shown ${text}, and is ${is.status}, ${is.held} held, ` +
      `${is.sold} sold of ${is.stocked}; ${describe(where)}`,
  ];
}

/**
 * A fresh read must not be older than a binding read that ended before it began, and not older than
 * any read of an earlier round: a crash must not revert a state that a client received. If reads
 * come from copies of some age, every read binds the reads that begin later by that age.
 */
function checkNeverBack(reads: readonly DropRead[], copyAgeMs: number): string[] {
  const findings: string[] = [];
  const ended = reads.toSorted((a, b) => a.where.ended - b.where.ended);
  let at = 0;
  let newestBinding: DropRead | null = null;
  let newestOfAll: DropRead | null = null;
  let newestBefore: DropRead | null = null;
  let round = 0;
  for (const read of reads.toSorted((a, b) => a.where.began - b.where.began)) {
    if (read.where.round > round) {
      newestBefore = newestOfAll;
      round = read.where.round;
    }
    for (; ended[at] !== undefined && isBefore(ended[at]!, read, copyAgeMs); at++) {
      const before = ended[at]!;
      if (before.binding || copyAgeMs > 0) newestBinding = newer(newestBinding, before);
      newestOfAll = newer(newestOfAll, before);
      if (before.where.round < round) newestBefore = newer(newestBefore, before);
    }
    if (!read.fresh) continue;
    for (const before of new Set([newestBinding, newestBefore])) {
      if (before === null || before.version <= read.version) continue;
      findings.push(
        `O8: ${read.dropId} went back from version ${before.version} to ${read.version}; ` +
          `${describe(before.where)}; ${describe(read.where)}`,
      );
    }
  }
  return findings;
}

function isBefore({ where: before }: DropRead, { where }: DropRead, copyAgeMs: number): boolean {
  return copyAgeMs === 0 ? before.ended < where.began : before.endedAt + copyAgeMs < where.beganAt;
}

function newer(a: DropRead | null, b: DropRead): DropRead {
  return a === null || b.version > a.version ? b : a;
}

/** On one connection the versions of a topic increase; only a snapshot may repeat the last (N6). */
function checkConnections(history: History): string[] {
  const findings: string[] = [];
  const frames = Map.groupBy(
    history.liveDrops,
    ({ connection, topic, drop }) => `${connection} ${topic} ${drop.id}`,
  );
  for (const ofOne of frames.values()) {
    let last = 0;
    for (const { where, type, drop } of ofOne) {
      const rises = drop.version > last || (type === 'drop.snapshot' && drop.version === last);
      if (!rises) {
        findings.push(`N6: ${type} of version ${drop.version} after ${last}; ${describe(where)}`);
      }
      last = drop.version;
    }
  }
  return findings;
}

/** The journal has all acknowledged restocks, and no more than were requested. */
function checkRestocks(history: History, truth: Truth): string[] {
  const findings: string[] = [];
  for (const [dropId, requested] of Map.groupBy(history.restocks, (restock) => restock.dropId)) {
    const applied = truth.drops.get(dropId)?.restocks.length ?? 0;
    const sure = requested.filter(({ where }) => where.status === 200).length;
    const unknown = requested.filter(({ where }) => [0, 503].includes(where.status)).length;
    if (applied >= sure && applied <= sure + unknown) continue;
    findings.push(
      `S4: ${dropId} was restocked ${applied} times; ` +
        `${sure} were acknowledged, ${unknown} unknown; ` +
        requested.map(({ where }) => describe(where)).join('; '),
    );
  }
  return findings;
}

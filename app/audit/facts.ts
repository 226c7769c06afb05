// What the audit log shows of a thing: plain values by name, and of two states the fields that
// differ. A long text is its digest, so that entries stay small.

import { createHash } from 'node:crypto';
import type { AuditChange, NewAuditEntry } from '../../contracts/audit.ts';

/** Undefined values are left out. */
export type Facts = Readonly<Record<string, unknown>>;
export type PlainFacts = NewAuditEntry['params'];

const TEXT_LENGTH_MAX = 200;

export function plainFacts(facts: Facts): PlainFacts {
  const plain: Record<string, PlainFacts[string]> = {};
  for (const [name, value] of Object.entries(facts))
    if (value !== undefined) plain[name] = plainValue(name, value);
  return plain;
}

/** Null: there was nothing before, or there is nothing afterwards. */
export function changesOf(before: PlainFacts | null, after: PlainFacts | null): AuditChange[] {
  const fields = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  const valueOf = (facts: PlainFacts | null, field: string) => facts?.[field] ?? null;
  return [...fields]
    .map((field) => ({ field, before: valueOf(before, field), after: valueOf(after, field) }))
    .filter((change) => change.before !== change.after);
}

function plainValue(name: string, value: unknown): PlainFacts[string] {
  const isTime = name === 'until' || name.endsWith('At');
  if (typeof value === 'number' && isTime) return new Date(value).toISOString();
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (text.length <= TEXT_LENGTH_MAX) return text;
  const digest = createHash('sha256').update(text).digest('hex');
  return `sha256:${digest} of ${text.length} characters`;
}

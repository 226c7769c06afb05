// `livedrops audit`: lists the audit log.

import type { AuditEntry, Operations } from '../sdk/api.ts';
import { type ListOptions, showList } from './show-list.ts';
import { count, table } from './table.ts';

export type AuditQuery = Omit<
  NonNullable<Operations['GET /v1/operator/audit']['query']>,
  'limit' | 'cursor'
>;

export interface AuditOptions extends ListOptions {
  readonly actor?: string;
  readonly action?: string;
  readonly target?: string;
  /** Seconds. */
  readonly since?: number;
  readonly limit: number;
}

const CHANGES_SHOWN_MAX = 3;

export async function audit(options: AuditOptions): Promise<void> {
  const { actor, action, target, since, limit } = options;
  const from = since === undefined ? null : new Date(Date.now() - since * 1_000).toISOString();
  const query = {
    ...(actor !== undefined && { actor }),
    ...(action !== undefined && { action }),
    ...(target !== undefined && { target }),
    ...(from !== null && { from }),
  };
  await showList(options, (api) => api.audit(query, limit), auditText);
}

export function auditText(rows: readonly AuditEntry[]): string {
  if (rows.length === 0) return 'Nothing was changed.\n';
  const lines = table(
    ['at', 'by', 'action', 'target', 'outcome', 'what', 'from'],
    rows.map((entry) => [
      entry.at,
      entry.actor.keyId ?? entry.actor.id,
      entry.action,
      entry.target?.id ?? '-',
      entry.outcome,
      whatOf(entry),
      entry.address ?? '-',
    ]),
  );
  return `${lines}${count(rows.length, 'change')}\n`;
}

/** The fields that changed, or what came of it where none did. */
function whatOf({ changes, result }: AuditEntry): string {
  if (changes.length === 0) return result;
  const told = changes
    .slice(0, CHANGES_SHOWN_MAX)
    .map(({ field, before, after }) => `${field} ${before ?? '-'} -> ${after ?? '-'}`);
  const more = changes.length - told.length;
  return `${told.join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

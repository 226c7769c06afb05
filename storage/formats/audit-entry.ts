// The format of an entry of the audit log in a durable store. The first five fields are those that
// operators' actions always had: entries from before the log was for creators have no others, and
// older nodes read no others.

import type { AuditEntry, AuditOutcome, NewAuditEntry } from '../../contracts/audit.ts';

/** What `audit` holds where an entry was made for the audit log. */
type Details = Omit<NewAuditEntry, 'at' | 'action' | 'params' | 'result'>;

export interface StoredAuditEntry
  extends Pick<NewAuditEntry, 'at' | 'action' | 'params' | 'result'> {
  readonly operatorId: string;
  readonly audit?: Details;
}

/** By the name of a parameter, what kind of thing its value is the id of. */
const TARGET_TYPES: Readonly<Record<string, string>> = {
  shard: 'shard',
  nodeId: 'node',
  dropId: 'drop',
  refundId: 'refund',
  jobId: 'job',
  deliveryId: 'delivery',
  webhookId: 'webhook',
  mediaId: 'media',
  keyId: 'key',
  creatorId: 'creator',
  userId: 'user',
};

/** What a change is about, by its parameters: the first of them that names something. */
export function targetOfParams({
  of,
  id,
  ...params
}: NewAuditEntry['params']): NewAuditEntry['target'] {
  if (typeof of === 'string' && typeof id === 'string') return { type: of, id };
  for (const [name, type] of Object.entries(TARGET_TYPES)) {
    const value = params[name];
    if (value !== undefined && value !== null) return { type, id: String(value) };
  }
  return null;
}

export function encodeAuditEntry(entry: NewAuditEntry): StoredAuditEntry {
  const { at, action, params, result, ...audit } = entry;
  return { at, operatorId: entry.actor.id, action, params, result, audit };
}

export function decodeAuditEntry(
  sequence: number,
  { at, operatorId, action, params, result, audit }: StoredAuditEntry,
): AuditEntry {
  const details: Details = audit ?? {
    actor: { kind: 'operator', id: operatorId, keyId: null },
    target: targetOfParams(params),
    creatorId: null,
    changes: [],
    outcome: outcomeOf(result),
    address: null,
    requestId: null,
  };
  return { sequence, at, action, params, result, ...details };
}

/** Earlier versions told it by the sentence alone. */
function outcomeOf(result: string): AuditOutcome {
  if (result.startsWith('Refused: ')) return 'refused';
  return result.startsWith('Done in part or not at all') ? 'failed' : 'planned';
}

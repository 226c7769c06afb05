// Journal events and change records as lines of the outside stream (contracts/changes.ts). Only the
// fields named here are shown: idempotency keys stay inside.

import { STREAM_VERSION } from '../../contracts/changes.ts';
import type { Draft } from '../../contracts/drafts.ts';
import type { DropEvent } from '../../contracts/drop-events.ts';
import type { Organisation } from '../../contracts/organisations.ts';
import type { Product } from '../../contracts/products.ts';
import { orderId } from '../../domain/ids.ts';
import type { DropChanges, Entry } from '../../storage/formats/entry.ts';
import type { Metadata } from '../../contracts/metadata.ts';
import type { OutsideChange } from '../../contracts/changes.ts';
import type { ChangeRecord } from '../../storage/ports/change-stream.ts';

/**
 * The lines of one drop in an entry. `firstIndex` is the index of its first event in the entry,
 * `ordersBefore` the number of its orders before the entry.
 */
export function eventLines(
  entry: Entry,
  changes: DropChanges,
  firstIndex: number,
  ordersBefore: number,
): string {
  const { dropId, versionBefore, events } = changes;
  const at = wireTime(entry.time);
  let text = '';
  let ordinal = ordersBefore;
  for (const [i, event] of events.entries()) {
    text += line({
      version: STREAM_VERSION,
      kind: event.type,
      at,
      shard: entry.shard,
      sequence: entry.sequence,
      index: firstIndex + i,
      dropId,
      dropVersion: versionBefore + i + 1,
      ...fieldsOf(dropId, event, ordinal),
    });
    if (event.type === 'order-placed') ordinal += 1;
  }
  return text;
}

export function changeLine(
  { bucket, sequence, at }: Omit<ChangeRecord, 'change'>,
  change: OutsideChange,
): string {
  const { kind } = change;
  const place = { version: STREAM_VERSION, kind, at: wireTime(at), bucket, sequence };
  return line({ ...place, ...entityOf(change) });
}

/** An entity of a full pass. `at` is the time of the read. */
export function snapshotLine(bucket: number, at: number, change: OutsideChange): string {
  const { kind } = change;
  const place = { version: STREAM_VERSION, kind, at: wireTime(at), bucket, snapshot: true };
  return line({ ...place, ...entityOf(change) });
}

export function positionLine(at: number, position: string): string {
  return line({ version: STREAM_VERSION, kind: 'position', at: wireTime(at), position });
}

function fieldsOf(dropId: string, event: DropEvent, nextOrdinal: number): object {
  switch (event.type) {
    case 'drop-created': {
      const { id: _, paymentPaceMs: __, startsAt, endsAt, ...terms } = event.terms;
      return {
        terms: { ...terms, startsAt: wireTime(startsAt), endsAt: wireTime(endsAt) },
        stock: event.stock,
        ...(event.revision !== undefined && { revision: event.revision }),
      };
    }
    case 'drop-amended': {
      const { startsAt, endsAt, limitPerUser } = event;
      return { startsAt: wireTime(startsAt), endsAt: wireTime(endsAt), limitPerUser };
    }
    case 'drop-repriced':
      return { unitAmount: event.unitAmount };
    case 'drop-access-changed':
      return { access: event.access, earlyAccessSeconds: event.earlyAccessSeconds };
    case 'drop-described':
      return { metadata: event.metadata, externalId: event.externalId };
    case 'drop-restocked':
      return { units: event.units };
    case 'drop-paused':
      return { extendHolds: event.extendHolds, reason: event.reason };
    case 'drop-resumed':
    case 'drop-opened':
    case 'drop-closed':
    case 'drop-cancelled':
    case 'request-answered':
      return {};
    case 'order-placed': {
      const { userId, quantity, metadata } = event;
      return {
        orderId: orderId(dropId, nextOrdinal),
        userId,
        quantity,
        ...(metadata !== undefined && { metadata: JSON.parse(metadata) as Metadata }),
      };
    }
    case 'order-expired':
    case 'order-cancelled':
    case 'order-refunded':
    case 'order-details-added':
    case 'order-refunded-at-provider':
      return { orderId: orderId(dropId, event.ordinal) };
    case 'order-part-refunded':
      return { ...refundFields(dropId, event), number: event.number };
    case 'order-rest-refunded':
      return refundFields(dropId, event);
    case 'payment-rejected': {
      const { ordinal, reference, amount, currency, reason } = event;
      return { orderId: orderId(dropId, ordinal), reference, amount, currency, reason };
    }
    case 'dispute-closed': {
      const { ordinal, reference, outcome } = event;
      return { orderId: orderId(dropId, ordinal), reference, outcome };
    }
    case 'payment-disputed':
    case 'payment-refunded': {
      const { ordinal, reference, amount, currency } = event;
      return { orderId: orderId(dropId, ordinal), reference, amount, currency };
    }
    default:
      return { orderId: orderId(dropId, event.ordinal), reference: event.reference };
  }
}

function refundFields(
  dropId: string,
  event: DropEvent & { type: 'order-part-refunded' | 'order-rest-refunded' },
): object {
  const { ordinal, amount, quantity, restock, reason } = event;
  return { orderId: orderId(dropId, ordinal), amount, quantity, restock, reason };
}

function entityOf(change: OutsideChange): object {
  if (change.kind === 'user') {
    const { userId, user } = change;
    return { userId, user: user && { ...user, createdAt: wireTime(user.createdAt) } };
  }
  if (change.kind === 'product') {
    const { productId, product } = change;
    return { productId, product: product && shownProduct(product) };
  }
  if (change.kind === 'draft') {
    const { draftId, creatorId, draft } = change;
    return { draftId, creatorId, draft: draft && shownDraft(draft) };
  }
  if (change.kind === 'organisation') {
    const { organisationId, organisation } = change;
    return { organisationId, organisation: organisation && shownOrganisation(organisation) };
  }
  if (change.kind === 'media') {
    const { mediaId, ownerId, productIds, media } = change;
    const shown = media && { ...media, createdAt: wireTime(media.createdAt) };
    return { mediaId, ownerId, productIds, media: shown };
  }
  const { kind: _, since, ...of } = change;
  return { ...of, since: since === null ? null : wireTime(since) };
}

function shownProduct(stored: Product): object {
  const { announced: _, ...product } = stored;
  return { ...product, createdAt: wireTime(product.createdAt) };
}

function shownDraft(stored: Draft): object {
  const { announcing: _, announcedBy: __, ...draft } = stored;
  const { startsAt, endsAt, createdAt } = draft;
  const times = { startsAt: wireTime(startsAt), endsAt: wireTime(endsAt) };
  return { ...draft, ...times, createdAt: wireTime(createdAt) };
}

function shownOrganisation({ id, createdAt, members }: Organisation): object {
  const shown = members.map((member) => ({ ...member, since: wireTime(member.since) }));
  return { id, createdAt: wireTime(createdAt), members: shown };
}

function wireTime(time: number): string {
  return new Date(time).toISOString();
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

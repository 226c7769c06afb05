// The operators' routes to the ledger (L1), and the one by which a buyer proves an order.

import {
  LedgerCheck,
  LedgerConsistency,
  LedgerConsistencyQuery,
  LedgerEdge,
  LedgerEdgeQuery,
  LedgerKeyRotation,
  LedgerLeaves,
  LedgerLeavesQuery,
  LedgerProof,
  LedgerProofQuery,
  LedgerStatus,
  LedgerStatusBody,
  LedgerTileQuery,
} from '../../contracts/ledger.ts';
import { presenter } from '../../contracts/wire.ts';
import { emptyReply, jsonReply, type Route, textReply, userRoute } from '../http/route.ts';
import { operatorRoute } from './operator-route.ts';

const statusBody = presenter(LedgerStatus);
const BYTES_MEDIA_TYPE = 'application/octet-stream';

export function operatorLedgerRoutes(): Route[] {
  return [
    userRoute(
      {
        ...operatorRoute('GET', 'ledger', ['not-found']),
        summary: 'The ledger: how far it is, its newest checkpoint, its keys and trees.',
        response: LedgerStatusBody,
      },
      async ({ call, caller }) => {
        const status = await call('operator.getLedger', { caller });
        return status.ok ? jsonReply(200, statusBody(status.value)) : status;
      },
    ),
    userRoute(
      {
        ...operatorRoute('GET', 'ledger/checkpoint', ['not-found']),
        summary: 'The newest signed checkpoint alone.',
        responseMediaType: 'text/plain',
      },
      async ({ call, caller }) => {
        const status = await call('operator.getLedger', { caller });
        if (!status.ok) return status;
        return textReply(200, 'text/plain; charset=utf-8', status.value.checkpoint);
      },
    ),
    userRoute(
      {
        ...operatorRoute('GET', 'ledger/tile', ['not-found']),
        summary: 'A tile of a tree: hashes, or a bundle of leaves.',
        query: LedgerTileQuery,
        responseMediaType: BYTES_MEDIA_TYPE,
      },
      async ({ call, caller, query }) => {
        const tile = await call('operator.getLedgerTile', { caller, ...query });
        if (!tile.ok) return tile;
        return {
          ok: true,
          status: 200,
          mediaType: BYTES_MEDIA_TYPE,
          body: tile.value,
          headers: [],
        };
      },
    ),
    userRoute(
      {
        ...operatorRoute('GET', 'ledger/leaves', ['not-found']),
        summary: 'Leaves of a tree, from an index on.',
        query: LedgerLeavesQuery,
        response: LedgerLeaves,
      },
      async ({ call, caller, query }) => {
        const leaves = await call('operator.getLedgerLeaves', { caller, ...query });
        return leaves.ok ? jsonReply(200, leaves.value) : leaves;
      },
    ),
    userRoute(
      {
        ...operatorRoute('GET', 'ledger/edge', ['not-found']),
        summary: 'The right edge of a tree as it was at a size.',
        query: LedgerEdgeQuery,
        response: LedgerEdge,
      },
      async ({ call, caller, query }) => {
        const edge = await call('operator.getLedgerEdge', { caller, ...query });
        return edge.ok ? jsonReply(200, edge.value) : edge;
      },
    ),
    userRoute(
      {
        ...operatorRoute('GET', 'ledger/proof', ['not-found']),
        summary: 'The proof that an entry, an action or an order is in the ledger.',
        query: LedgerProofQuery,
        response: LedgerProof,
      },
      async ({ call, caller, query }) => {
        const proof = await call('operator.proveLedger', { caller, ...query });
        return proof.ok ? jsonReply(200, proof.value) : proof;
      },
    ),
    userRoute(
      {
        ...operatorRoute('GET', 'ledger/consistency', ['not-found']),
        summary: 'The proof that the newest checkpoint continues an older one, of that size.',
        query: LedgerConsistencyQuery,
        response: LedgerConsistency,
      },
      async ({ call, caller, query }) => {
        const proof = await call('operator.proveLedgerConsistency', { caller, ...query });
        return proof.ok ? jsonReply(200, proof.value) : proof;
      },
    ),
    userRoute(
      {
        ...operatorRoute('PUT', 'ledger/verification'),
        summary: 'Remember what a comparison of the ledger with its truth found.',
        body: LedgerCheck,
        status: 204,
      },
      async ({ call, caller, body: check }) => {
        const noted = await call('operator.noteLedgerCheck', { caller, check });
        return noted.ok ? emptyReply(204) : noted;
      },
    ),
    userRoute(
      {
        ...operatorRoute('PUT', 'ledger/keys', ['not-found', 'too-many']),
        summary: 'Make a new key. Those before it sign beside it, until they are removed.',
        body: LedgerKeyRotation,
        response: LedgerStatusBody,
      },
      async ({ call, caller, body: { after } }) => {
        const rotated = await call('operator.rotateLedgerKey', { caller, after });
        if (!rotated.ok) return rotated;
        const status = await call('operator.getLedger', { caller });
        return status.ok ? jsonReply(200, statusBody(status.value)) : status;
      },
    ),
    userRoute(
      {
        ...operatorRoute('DELETE', 'ledger/keys/{id}', ['not-found']),
        summary: 'Remove an old key: it signs no more.',
        status: 204,
      },
      async ({ id: keyId, call, caller }) => {
        const removed = await call('operator.removeLedgerKey', { caller, keyId });
        return removed.ok ? emptyReply(204) : removed;
      },
    ),
  ];
}

/** Of an order of one's own. */
export const PROVE_ORDER: Route = userRoute(
  {
    method: 'GET',
    path: '/v1/orders/{id}/proof',
    summary: 'The proof that an order of one’s own is in the ledger.',
    tag: 'orders',
    access: 'user',
    rateClass: 'reads',
    status: 200,
    response: LedgerProof,
    refusals: ['not-found', 'unavailable', 'overloaded'],
  },
  async ({ call, caller, id: orderId }) => {
    const proof = await call('orders.prove', { caller, orderId });
    return proof.ok ? jsonReply(200, proof.value) : proof;
  },
);

// What creators do with their products and drops.

import type { Catalogue } from './catalogue.ts';
import { addMutation } from './mutations.ts';
import type { Parts } from './parts.ts';

export function addCreatorMutations(parts: Parts, { product, drop }: Catalogue): void {
  const ofDrop = { ids: [['dropId', 'Drop']], payload: { name: 'drop', type: drop } } as const;
  const ofProduct = { ids: [['productId', 'Product']] } as const;
  addMutation(parts, {
    name: 'createProduct',
    route: 'POST /v1/creators/{id}/products',
    ids: [['creatorId', 'User']],
    payload: { name: 'product', type: product },
  });
  addMutation(parts, {
    name: 'changeProduct',
    route: 'PATCH /v1/products/{id}',
    ...ofProduct,
    payload: { name: 'product', type: product },
  });
  addMutation(parts, {
    name: 'createDrop',
    route: 'POST /v1/products/{id}/drops',
    ...ofProduct,
    payload: { name: 'drop', type: drop },
  });
  addMutation(parts, { name: 'changeDrop', route: 'PATCH /v1/drops/{id}', ...ofDrop });
  addMutation(parts, { name: 'cancelDrop', route: 'POST /v1/drops/{id}/cancel', ...ofDrop });
  addMutation(parts, { name: 'pauseDrop', route: 'POST /v1/drops/{id}/pause', ...ofDrop });
  addMutation(parts, { name: 'resumeDrop', route: 'POST /v1/drops/{id}/resume', ...ofDrop });
  addMutation(parts, { name: 'announceDrop', route: 'POST /v1/drops/{id}/announce', ...ofDrop });
  addMutation(parts, {
    name: 'removeDraft',
    route: 'DELETE /v1/drops/{id}',
    ids: [['dropId', 'Drop']],
  });
}

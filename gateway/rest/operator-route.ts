// The common part of the definitions of the operators' routes.

import type { RefusalCode } from '../../contracts/refusals.ts';
import type { Method } from '../http/route.ts';

export function operatorRoute<const M extends Method>(
  method: M,
  path: string,
  refusals: RefusalCode[] = [],
) {
  return {
    method,
    path: `/v1/operator/${path}`,
    tag: 'operator',
    access: 'user',
    internal: true,
    rateClass: method === 'GET' ? 'reads' : 'writes',
    keyed: method === 'POST',
    status: 200,
    refusals: ['forbidden', ...refusals, 'unavailable'],
  } as const;
}

// Reads what an export as NDJSON has.

import type { Answer, Json } from './sale-client.ts';

/** The orders behind its first line. Throws where that is none. */
export function exportedOrders({ text }: Answer): Json[] {
  const [head, ...lines] = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Json);
  if (head!['kind'] !== 'export') throw new Error(`begins with ${JSON.stringify(head)}`);
  return lines;
}

// Parts of the test suites of bad input: every operation of an OpenAPI document, bodies that are
// wrong for all operations, and random bytes for a port.

import { connect } from 'node:net';
import { requestOnce } from './fixture.ts';

export interface Operation {
  readonly method: string;
  /** As in the document, with `{id}` in it. */
  readonly path: string;
  readonly hasBody: boolean;
  /** Whether a request without the body is refused. */
  readonly needsBody: boolean;
  readonly hasQuery: boolean;
  /** Whether it takes an Idempotency-Key. */
  readonly hasKey: boolean;
  /** Whether it takes an API key, and no access token. */
  readonly keysOnly: boolean;
}

/** All operations of an OpenAPI document. */
export function operationsOf(description: Readonly<Record<string, unknown>>): Operation[] {
  const found: Operation[] = [];
  for (const [path, methods] of Object.entries(description['paths'] as Record<string, object>)) {
    for (const [method, operation] of Object.entries(methods)) {
      const described = operation as {
        requestBody?: { required: boolean };
        parameters?: { in: string; name: string }[];
        security?: object[];
      };
      const { security = [] } = described;
      found.push({
        method: method.toUpperCase(),
        path,
        hasBody: described.requestBody !== undefined,
        needsBody: described.requestBody?.required === true,
        hasQuery: described.parameters?.some((parameter) => parameter.in === 'query') === true,
        hasKey: described.parameters?.some(({ name }) => name === 'Idempotency-Key') === true,
        keysOnly: security.length > 0 && security.every((one) => !('token' in one)),
      });
    }
  }
  return found;
}

/** Bodies that every route refuses, and the possible statuses. */
export const WRONG_BODIES: readonly (readonly [string, readonly number[]])[] = [
  ['', [400]],
  ['{', [400]],
  ['{"a":1', [400]],
  ["{'a':1}", [400]],
  ['{"quantity":1}garbage', [400]],
  ['\u0000', [400]],
  ['NaN', [400]],
  ['[]', [422]],
  ['null', [422]],
  ['1', [422]],
  ['"text"', [422]],
  ['{"__proto__":{"quantity":1}}', [422]],
  ['{"constructor":{"prototype":{"x":1}}}', [422]],
  ['{"quantity":1,"__proto__":null}', [422]],
  ['{"quantity":1e400}', [422]],
  ['{"quantity":-1}', [422]],
  ['{"quantity":true}', [422]],
  ['{"quantity":{"valueOf":1}}', [422]],
  [`{"x":${'['.repeat(5_000)}${']'.repeat(5_000)}}`, [422]],
];

/**
 * Sends bytes. Waits until the server has replied, closed, or served another connection after them:
 * one in each of its `threads`, which get connections in turn.
 */
export async function throwAt(port: number, bytes: Uint8Array, threads = 1): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' });
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (data) => (received += String(data)));
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
  const statuses = new Set<number>();
  for (let thread = 0; thread < threads; thread++)
    statuses.add((await requestOnce(port, 'GET', '/healthz')).status);
  socket.destroy();
  return statuses.size === 1 && statuses.has(200) ? received : `unhealthy after: ${received}`;
}

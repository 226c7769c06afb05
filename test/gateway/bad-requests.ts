// What the suites of bad input share: every operation out of a description, bodies that are wrong
// for all of them, and bytes thrown at a port.

import { connect } from 'node:net';
import { requestOnce } from './fixture.ts';

export interface Operation {
  readonly method: string;
  /** As described, with `{id}` in it. */
  readonly path: string;
  readonly hasBody: boolean;
  readonly hasQuery: boolean;
}

/** All operations of an OpenAPI document. */
export function operationsOf(description: Readonly<Record<string, unknown>>): Operation[] {
  const found: Operation[] = [];
  for (const [path, methods] of Object.entries(description['paths'] as Record<string, object>)) {
    for (const [method, operation] of Object.entries(methods)) {
      const described = operation as { requestBody?: object; parameters?: { in: string }[] };
      found.push({
        method: method.toUpperCase(),
        path,
        hasBody: described.requestBody !== undefined,
        hasQuery: described.parameters?.some((parameter) => parameter.in === 'query') === true,
      });
    }
  }
  return found;
}

/** Bodies that no route takes, and the statuses they may be refused with. */
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
 * Sends bytes and waits until the server has answered, closed, or shown on another connection that
 * it had its turn.
 */
export async function throwAt(port: number, bytes: Uint8Array): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' });
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (data) => (received += String(data)));
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
  const health = await requestOnce(port, 'GET', '/healthz');
  socket.destroy();
  return health.status === 200 ? received : `unhealthy after: ${received}`;
}

// Places an order in the name of a client of GraphQL, on the very path that REST's orders take: the
// request's head and body are handed to it as the server would, and its reply is read.

import type { Static } from 'typebox';
import type { Problem as ProblemShape } from '../../contracts/refusals.ts';
import type { OrderPath } from '../orders/order-path.ts';
import type { OrderResponse } from '../orders/order-request.ts';
import type { Problem } from '../http/problems.ts';
import { JSON_MEDIA_TYPE } from '../http/route.ts';

export interface OrderCall {
  readonly dropId: string;
  /** As REST's body of an order. */
  readonly body: unknown;
  readonly key: string;
  /** Of the client's request. */
  readonly header: (name: string) => string;
  readonly address: string;
}

interface Placed {
  readonly ok: true;
  /** As REST's body of an order. */
  readonly body: unknown;
  readonly replayed: boolean;
}

/** What the path reads of the client's own headers. */
const PASSED_ON = ['authorization', 'traceparent', 'x-request-id'] as const;
const REPLAYED = 'idempotency-replayed: true';
const RETRY_AFTER = /\r\nretry-after: ([0-9]+)/;

/** Never rejects: the path answers everything. */
export async function placeOrder(orders: OrderPath, call: OrderCall): Promise<Placed | Problem> {
  return await new Promise((resolve) => {
    let head = '';
    const response: OrderResponse = {
      cork: (write) => write(),
      writeStatus: (lines) => {
        head = lines;
      },
      end: (body) => resolve(replyOf(head, body)),
    };
    const headers = new Map<string, string>([
      ['content-type', JSON_MEDIA_TYPE],
      ['idempotency-key', call.key],
      ...PASSED_ON.map((name) => [name, call.header(name)] as const),
    ]);
    const order = orders.begin(
      response,
      {
        getHeader: (name) => headers.get(Buffer.from(name).toString('latin1')) ?? '',
        forEach: (take) => headers.forEach((value, name) => take(name, value)),
        getParameter: () => call.dropId,
        getQuery: () => undefined,
      },
      call.address,
    );
    order?.received(new TextEncoder().encode(JSON.stringify(call.body)).buffer, true);
  });
}

function replyOf(head: string, body: string | ArrayBuffer): Placed | Problem {
  const text = typeof body === 'string' ? body : Buffer.from(body).toString('utf8');
  const reply = JSON.parse(text) as unknown;
  if (head.startsWith('2')) return { ok: true, body: reply, replayed: head.includes(REPLAYED) };
  const { code, status, detail, version, startsAt, serverTime, orderId } = reply as Static<
    typeof ProblemShape
  >;
  const retryAfter = RETRY_AFTER.exec(head)?.[1];
  return {
    ok: false,
    code: code as Problem['code'],
    status,
    ...(detail !== undefined && { detail }),
    ...(version !== undefined && { version }),
    ...(startsAt !== undefined && { startsAt: Date.parse(startsAt) }),
    ...(serverTime !== undefined && { serverTime }),
    ...(orderId !== undefined && { orderId }),
    ...(retryAfter !== undefined && { retryAfterMs: Number(retryAfter) * 1_000 }),
  };
}

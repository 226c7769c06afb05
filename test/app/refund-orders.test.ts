// What the job of refunds counts where a step of it comes again.

import test from 'ava';
import type { CommandRouter } from '../../actors/command-router.ts';
import { RefundOrdersHandler } from '../../app/jobs/refund-orders.ts';
import type { DropCommand } from '../../contracts/commands.ts';
import type { Job } from '../../contracts/jobs.ts';
import type { OrderView } from '../../contracts/orders.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { queuedJob, stepped } from '../../events/jobs/job.ts';
import { order } from '../gateway/fixture.ts';

const ORDERS = 5;

/** A drop with confirmed orders; `isAway` says whether it answers the refund with that number. */
function dropWith(isAway: (refund: number) => boolean): CommandRouter {
  let version = ORDERS;
  let refunds = 0;
  const orders: OrderView[] = Array.from({ length: ORDERS }, (_, ordinal) => {
    return {
      ...order,
      id: `${order.dropId}-${ordinal}`,
      status: 'confirmed',
      version: ordinal + 1,
    };
  });
  const send = async (command: DropCommand): Promise<unknown> => {
    if (command.type === 'list-orders')
      return success({ items: [...orders], version, before: null });
    refunds += 1;
    if (isAway(refunds)) return refusal('unavailable');
    const { orderId } = command as { orderId: string };
    const at = orders.findIndex(({ id }) => id === orderId);
    version += 1;
    orders[at] = { ...orders[at]!, status: 'refunded', version };
    return success(orders[at]);
  };
  return { send } as unknown as CommandRouter;
}

test('O15, J11: orders that were refunded before the drop was away count as done', async (t) => {
  const handler = new RefundOrdersHandler({ router: dropWith((refund) => refund === 4) });
  const caller = { userId: 'cleo', operator: false };
  const params = { orderIds: null, caller, restock: true, reason: null };
  const of = { id: 'j', kind: 'refund-orders', callerId: 'cleo', subject: order.dropId } as const;
  let job: Job = queuedJob({ ...of, params, total: null }, 0);
  let failures = 0;
  for (let isLast = false; !isLast; ) {
    try {
      const step = await handler.step(job);
      job = stepped(job, step, 1);
      isLast = step.isLast;
    } catch {
      failures += 1;
    }
  }
  t.is(failures, 1);
  t.like(job.progress, { done: ORDERS, refused: {} });
});

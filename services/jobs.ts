// The Moleculer service of `app/jobs/`.

import type { ServiceSchema } from 'moleculer';
import { Jobs, type JobsOptions } from '../app/jobs/jobs.ts';
import { RefundOrders, type RefundOrdersOptions } from '../app/jobs/refund-orders.ts';
import { defineService } from './moleculer/define-service.ts';

export function jobsService(options: JobsOptions & RefundOrdersOptions): ServiceSchema {
  const jobs = new Jobs(options);
  const refundOrders = new RefundOrders(options);
  return defineService('jobs', {
    list: (params) => jobs.list(params),
    get: (params) => jobs.get(params),
    cancel: (params) => jobs.cancel(params),
    refundOrders: (params) => refundOrders.request(params),
  });
}

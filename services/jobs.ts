// The Moleculer service of `app/jobs/`.

import type { ServiceSchema } from 'moleculer';
import { ExportOrders, type ExportOrdersOptions } from '../app/jobs/export-orders.ts';
import { Jobs, type JobsOptions } from '../app/jobs/jobs.ts';
import { RefundOrders, type RefundOrdersOptions } from '../app/jobs/refund-orders.ts';
import { PassLists, type PassListsOptions } from '../app/passes/pass-lists.ts';
import { defineService } from './moleculer/define-service.ts';

export function jobsService(
  options: JobsOptions & RefundOrdersOptions & ExportOrdersOptions & PassListsOptions,
): ServiceSchema {
  const jobs = new Jobs(options);
  const refundOrders = new RefundOrders(options);
  const exportOrders = new ExportOrders(options);
  const passLists = new PassLists(options);
  return defineService('jobs', {
    list: (params) => jobs.list(params),
    get: (params) => jobs.get(params),
    cancel: (params) => jobs.cancel(params),
    makePasses: (params) => passLists.request(params),
    exportOrders: (params) => exportOrders.request(params),
    refundOrders: (params) => refundOrders.request(params),
  });
}

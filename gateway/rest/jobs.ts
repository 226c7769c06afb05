// The routes of jobs: ask for refunds of many orders, see how far a job is, cancel it; and the
// operators' routes to jobs of everybody.

import { JobBody, JobChange, JobChangeBody, JobPage, NewRefunds } from '../../contracts/jobs.ts';
import { OperatorJobsQuery } from '../../contracts/jobs.ts';
import { Change } from '../../contracts/operator.ts';
import { PageQuery } from '../../contracts/paging.ts';
import { presenter } from '../../contracts/wire.ts';
import { jsonReply, type Route, userRoute } from '../http/route.ts';
import { jobBody, pageBody } from '../present.ts';
import { queuedReply } from './job-files.ts';
import { operatorRoute } from './operator-route.ts';
import { pageRequest } from './paging.ts';

const TAG = 'jobs';
const changeBody = presenter(JobChange);

export function jobRoutes(): Route[] {
  return [...ownRoutes(), ...operatorRoutes()];
}

function ownRoutes(): Route[] {
  return [
    userRoute(
      {
        method: 'POST',
        path: '/v1/drops/{id}/refunds',
        summary: 'Refund many orders of a drop, or all that are confirmed, by a job.',
        tag: TAG,
        access: 'user',
        action: 'jobs.refundOrders',
        rateClass: 'writes',
        keyed: true,
        body: NewRefunds,
        status: 202,
        response: JobBody,
        refusals: ['not-found', 'forbidden', 'overloaded', 'unavailable'],
      },
      async ({ call, caller, id: dropId, body: refunds, request }) => {
        return queuedReply(await call('jobs.refundOrders', { caller, dropId, refunds, request }));
      },
    ),
    userRoute(
      {
        method: 'GET',
        path: '/v1/jobs',
        summary: 'The caller’s jobs, newest first.',
        tag: TAG,
        access: 'user',
        rateClass: 'reads',
        query: PageQuery,
        status: 200,
        response: JobPage,
        refusals: ['unavailable'],
      },
      async ({ call, caller, query }) => {
        const page = await call('jobs.list', { caller, page: pageRequest(query) });
        return page.ok ? jsonReply(200, pageBody(page.value, jobBody)) : page;
      },
    ),
    userRoute(
      {
        method: 'GET',
        path: '/v1/jobs/{id}',
        summary: 'A job of one’s own, with its progress.',
        tag: TAG,
        access: 'user',
        action: 'jobs.get',
        rateClass: 'reads',
        status: 200,
        response: JobBody,
        refusals: ['not-found', 'unavailable'],
      },
      async ({ call, caller, id: jobId }) => {
        const job = await call('jobs.get', { caller, jobId });
        return job.ok ? jsonReply(200, jobBody(job.value)) : job;
      },
    ),
    userRoute(
      {
        method: 'POST',
        path: '/v1/jobs/{id}/cancel',
        action: 'jobs.cancel',
        summary: 'Cancel a job of one’s own: it ends after its present step. Harmless to repeat.',
        tag: TAG,
        access: 'user',
        rateClass: 'writes',
        keyed: true,
        status: 200,
        response: JobBody,
        refusals: ['not-found', 'unavailable'],
      },
      async ({ call, caller, id: jobId, request }) => {
        const job = await call('jobs.cancel', { caller, jobId, request });
        return job.ok ? jsonReply(200, jobBody(job.value)) : job;
      },
    ),
  ];
}

function operatorRoutes(): Route[] {
  return [
    userRoute(
      {
        ...operatorRoute('GET', 'jobs'),
        summary: 'Jobs of everybody, newest first.',
        query: OperatorJobsQuery,
        response: JobPage,
      },
      async ({ call, caller, query }) => {
        const { state } = query;
        const page = await call('operator.listJobs', {
          caller,
          ...(state !== undefined && { state }),
          page: pageRequest(query),
        });
        return page.ok ? jsonReply(200, pageBody(page.value, jobBody)) : page;
      },
    ),
    userRoute(
      {
        ...operatorRoute('GET', 'jobs/{id}', ['not-found']),
        summary: 'A job, whoever asked for it.',
        response: JobBody,
      },
      async ({ call, caller, id: jobId }) => {
        const job = await call('operator.getJob', { caller, jobId });
        return job.ok ? jsonReply(200, jobBody(job.value)) : job;
      },
    ),
    changeRoute(
      'retry',
      'Have a job go on that failed, was cancelled, or waits; harmless to repeat.',
    ),
    changeRoute('cancel', 'Cancel a job: it ends after its present step. Harmless to repeat.'),
  ];
}

function changeRoute(change: 'retry' | 'cancel', summary: string): Route {
  return userRoute(
    {
      ...operatorRoute('POST', `jobs/{id}/${change}`, ['not-found']),
      summary,
      body: Change,
      response: JobChangeBody,
    },
    async ({ id: jobId, call, caller, body, request }) => {
      const changed = await call(`operator.${change}Job`, { ...body, caller, jobId, request });
      return changed.ok ? jsonReply(200, changeBody(changed.value)) : changed;
    },
  );
}

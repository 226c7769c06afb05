// Jobs: long work that goes on in the background, from a stored position, until it is done.

import { Type } from 'typebox';
import { REFUNDED_ORDERS_MAX } from './bounds.ts';
import { EXPORT_FORMATS } from './export-formats.ts';
import { JOB_STATES } from './job-states.ts';
import { RefundDetails } from './orders.ts';
import { list, paging } from './paging.ts';
import type { Plain } from './plain.ts';
import { count, id, STRICT, textOrNull, time, userId } from './scalars.ts';
import { absentIfFalse, absentIfNull, inside, wire } from './wire.ts';

export const JobState = Type.Enum([...JOB_STATES], { type: 'string' });
export type JobState = Plain<typeof JobState>;

export const JOB_KINDS = [
  'refund-orders',
  'send-mail',
  'delete-account',
  'export-orders',
  'enforce-ban',
  'make-passes',
  'stop-drops',
  'reconcile',
  'push-drop',
  'mail-drop',
  'tell-buyers',
  'deliver-webhooks',
] as const;
export const JobKind = Type.Enum([...JOB_KINDS], { type: 'string' });
export type JobKind = (typeof JOB_KINDS)[number];

export const JobProgress = Type.Object({
  done: Type.Integer({ minimum: 0, description: 'items done; one done before counts too' }),
  refused: Type.Record(Type.String(), count, {
    description: 'items that cannot be done, counted by the code of their refusal',
  }),
  /** Null: not known before the end. */
  left: absentIfNull(Type.Integer({ minimum: 0, description: 'items still to do, where known' })),
  mended: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: 'of a reconciliation: items that differed from their truth, and were mended',
    }),
  ),
});
export type JobProgress = Plain<typeof JobProgress>;

/** A job as it is stored. On the wire a job has no more than what its caller may see. */
export const Job = Type.Object(
  {
    id,
    kind: JobKind,
    state: JobState,
    /** Who asked for it. */
    callerId: userId,
    /** What it is about: a drop's id. */
    subject: Type.String({ description: 'what it is about: the id of a drop' }),
    progress: JobProgress,
    cancelRequested: absentIfFalse(),
    attempts: Type.Integer({ minimum: 0, description: 'failed attempts since its last progress' }),
    reason: absentIfNull(Type.String({ description: 'why the last attempt failed' })),
    createdAt: time,
    updatedAt: time,
    nextAttemptAt: absentIfNull(time),
    finishedAt: absentIfNull(time),
    /** When it is removed; null before it is finished. */
    expiresAt: inside(Type.Union([time, Type.Null()])),
    /** For its handler. */
    params: inside(Type.Unsafe<object>({})),
    /** Of the span that made it, where its node traced. */
    traceparent: inside(Type.Optional(Type.String())),
    /** Where its handler goes on; null at the beginning. */
    cursor: inside(textOrNull),
    /**
     * A queued job may be claimed from then on, and a running one whose lease ended at that time.
     * Null where it is finished.
     */
    dueAt: inside(Type.Union([time, Type.Null()])),
    /** Rises with each claim: a write with an earlier one is refused. */
    token: inside(count),
    /** Rises with each change, for compare-and-set. */
    revision: inside(count),
  },
  { title: 'Job' },
);
export type Job = Plain<typeof Job>;

/** What an operator's change of a job does. */
export const JobChange = Type.Object(
  { applied: Type.Boolean({ description: 'false for a dry run' }), job: Job },
  { title: 'JobChange' },
);
export type JobChange = Plain<typeof JobChange>;

/** How many jobs there are, for metrics. */
export interface JobCount {
  readonly kind: string;
  readonly state: JobState;
  readonly count: number;
}

// On the wire

const { restock, reason } = RefundDetails.properties;
/** Which orders of a drop to refund: either those named, or all that are confirmed. */
export const NewRefunds = Type.Object(
  {
    orderIds: Type.Optional(
      Type.Array(id, { minItems: 1, maxItems: REFUNDED_ORDERS_MAX, uniqueItems: true }),
    ),
    all: Type.Optional(
      Type.Literal(true, {
        description: 'every order that is confirmed; not together with orderIds',
      }),
    ),
    /** Of each order. */
    restock,
    reason,
  },
  { ...STRICT, minProperties: 1, title: 'NewRefunds' },
);
export type NewRefunds = Plain<typeof NewRefunds>;

/** An export of a drop's orders as a file that is fetched later. */
export const NewExport = Type.Object(
  {
    format: Type.Optional(
      Type.Enum([...EXPORT_FORMATS], { type: 'string', default: EXPORT_FORMATS[0] }),
    ),
  },
  { ...STRICT, title: 'NewExport' },
);
export type NewExport = Plain<typeof NewExport>;

export const JobBody = wire(Job);
export const JobPage = list(JobBody, 'JobPage');
export const JobChangeBody = wire(JobChange);
export const OperatorJobsQuery = Type.Object({ state: Type.Optional(JobState), ...paging }, STRICT);

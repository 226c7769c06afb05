// What is wrong now, by the lines of `alarm-limits.ts`, as `livedrops top`, the API and the console
// tell it. The rules are in `app/alarms/`.

import { Type } from 'typebox';
import type { Plain } from './plain.ts';
import { textOrNull, time } from './scalars.ts';
import { wire } from './wire.ts';

/** Somebody acts now, or within a day. */
const SEVERITIES = ['page', 'ticket'] as const;
/** Of values and limits; a share is from 0 to 1. */
const UNITS = ['count', 'seconds', 'share'] as const;

interface AlarmDefinition {
  readonly severity: (typeof SEVERITIES)[number];
  readonly unit: (typeof UNITS)[number];
  /** The id of its section in docs/OPERATIONS.md. */
  readonly section: string;
  /** What shows more of it. */
  readonly command?: string;
}

/** In the order in which they are told. */
export const ALARMS = {
  'node-lost': {
    severity: 'page',
    unit: 'count',
    section: 'a-node-is-down',
    command: 'livedrops nodes',
  },
  'node-silent': { severity: 'page', unit: 'count', section: 'a-node-is-down' },
  'node-not-ready': {
    severity: 'page',
    unit: 'count',
    section: 'a-node-is-not-ready',
    command: 'livedrops doctor',
  },
  'nats-away': {
    severity: 'page',
    unit: 'count',
    section: 'what-each-failure-looks-like',
    command: 'livedrops doctor',
  },
  'redis-weak': {
    severity: 'page',
    unit: 'count',
    section: 'redis-could-lose-orders',
    command: 'livedrops doctor',
  },
  'clock-wrong': { severity: 'page', unit: 'seconds', section: 'a-clock-is-wrong' },
  'disk-full': { severity: 'page', unit: 'share', section: 'a-disk-is-nearly-full' },
  'shards-without-owner': {
    severity: 'page',
    unit: 'count',
    section: 'shards-without-an-owner',
    command: 'livedrops shards',
  },
  'shards-damaged': {
    severity: 'page',
    unit: 'count',
    section: 'a-shard-is-damaged',
    command: 'livedrops shards --state damaged',
  },
  'drops-quarantined': {
    severity: 'page',
    unit: 'count',
    section: 'a-drop-is-out-of-service',
    command: 'livedrops shards',
  },
  'orders-fail': { severity: 'page', unit: 'share', section: 'requests-fail' },
  'orders-slow': { severity: 'page', unit: 'share', section: 'orders-are-slow' },
  'mailbox-full': {
    severity: 'page',
    unit: 'count',
    section: 'orders-are-slow',
    command: 'livedrops shards',
  },
  'appends-fail': { severity: 'page', unit: 'count', section: 'the-journal-is-slow' },
  'appends-slow': { severity: 'page', unit: 'seconds', section: 'the-journal-is-slow' },
  'reads-fail': { severity: 'page', unit: 'share', section: 'requests-fail' },
  'reads-slow': { severity: 'page', unit: 'share', section: 'reads-are-slow' },
  'consumer-behind': { severity: 'page', unit: 'seconds', section: 'a-consumer-is-late' },
  'people-told-late': { severity: 'page', unit: 'seconds', section: 'pushes-and-mails-are-late' },
  'ledger-stuck': {
    severity: 'page',
    unit: 'count',
    section: 'the-ledger-is-late',
    command: 'livedrops ledger verify',
  },
  'ledger-late': {
    severity: 'ticket',
    unit: 'seconds',
    section: 'the-ledger-is-late',
    command: 'livedrops ledger status',
  },
  'loop-held-up': { severity: 'ticket', unit: 'seconds', section: 'the-event-loop-is-held-up' },
  'search-behind': {
    severity: 'ticket',
    unit: 'seconds',
    section: 'a-search-index-is-late',
    command: 'livedrops search',
  },
  'webhooks-late': { severity: 'ticket', unit: 'seconds', section: 'webhooks-are-late' },
  'uploads-late': { severity: 'ticket', unit: 'seconds', section: 'uploads-are-not-processed' },
  'jobs-overdue': {
    severity: 'ticket',
    unit: 'seconds',
    section: 'jobs-do-not-start',
    command: 'livedrops jobs',
  },
  'archive-fails': {
    severity: 'ticket',
    unit: 'count',
    section: 'the-archive-does-not-move-on',
  },
  'refunds-parked': {
    severity: 'ticket',
    unit: 'count',
    section: 'refunds-are-parked',
    command: 'livedrops refunds',
  },
  'payments-disputed': {
    severity: 'ticket',
    unit: 'count',
    section: 'payments-want-a-look',
    command: 'livedrops payments',
  },
} as const satisfies Readonly<Record<string, AlarmDefinition>>;

export type AlarmName = keyof typeof ALARMS;
const NAMES = Object.keys(ALARMS) as AlarmName[];

export const Alarm = Type.Object(
  {
    name: Type.Enum(NAMES, { type: 'string' }),
    severity: Type.Enum([...SEVERITIES], {
      type: 'string',
      description: '`page`: somebody acts now; `ticket`: within a day',
    }),
    nodes: Type.Array(Type.String(), {
      description: 'on which it is; none where it is of the cluster as a whole',
    }),
    value: Type.Number({ description: 'the worst that was measured' }),
    limit: Type.Number({ description: 'it is an alarm past this' }),
    unit: Type.Enum([...UNITS], { type: 'string', description: 'a share is from 0 to 1' }),
    runbook: Type.String({ description: 'where this server shows what it means, and what to do' }),
    command: { ...textOrNull, description: 'what shows more of it' },
  },
  { title: 'Alarm' },
);
export type Alarm = Plain<typeof Alarm>;

export const AlarmReport = Type.Object(
  {
    at: time,
    watchedSeconds: Type.Number({
      minimum: 0,
      description: 'over which shares and rises were measured; 0 at the first look',
    }),
    nodes: Type.Array(Type.String(), { description: 'those that told what they measured' }),
    alarms: Type.Array(Alarm, { description: 'the worst first' }),
  },
  { title: 'AlarmReport' },
);
export type AlarmReport = Plain<typeof AlarmReport>;
export const AlarmReportBody = wire(AlarmReport);

/** One series of a metric, as a node measures it. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

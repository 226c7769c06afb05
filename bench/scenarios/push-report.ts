// The figures of the scenario `push`, what it measures, and how.

import { besideFindings, besideSubjects, type OrdersAndFloor } from '../orders-beside.ts';
import {
  type Figure,
  figureOf,
  type Finding,
  ratio,
  type Sample,
  type Subject,
} from '../scenario.ts';
import type { PushJob } from '../servers/push-sender.ts';

export type Measured = PushJob['what'] | 'walk' | keyof OrdersAndFloor;

/** What the orders are beside. */
export const LABEL = 'pushes';
/** 95 % of so many subscriptions hear within a minute, by one worker (docs/REACH.md). */
const SERVICE_LEVEL = { subscriptions: 120_000, share: 0.95 } as const;

export const PUSH_FIGURES: readonly Figure[] = [
  figureOf('messagesPerSecond', 'messages', 'messages/s', 'more', 0),
  figureOf('cpuMicros', 'CPU a message', 'µs', 'less', 0),
  figureOf('perCore', 'messages of a whole core', 'messages/s', 'more', 0),
  figureOf('failed', 'messages not taken', 'messages', 'less', 0),
  figureOf('ordersPerSecond', 'orders', 'orders/s', 'more', 0),
  figureOf('notPlaced', 'orders not placed', 'orders', 'less', 0),
  figureOf('p50Ms', 'p50 of orders', 'ms', 'less', 2),
  figureOf('p99Ms', 'p99 of orders', 'ms', 'less', 2),
  figureOf('walkSeconds', 'the walk', 's', 'less', 1),
  figureOf('lastSeconds', 'last message after', 's', 'less', 1),
  figureOf('withinMinute', 'messages within a minute', 'messages', 'more', 0),
  figureOf('memoryMb', 'memory that it takes, at most', 'MB', 'less', 0),
];

/** `subjects`: as `subjectsOf` gives them. */
export function pushFindings(
  subjects: readonly Subject[],
  orders: OrdersAndFloor,
  subscriptions: number,
): Finding[] {
  const [sent, made, walked] = subjects as [Subject, Subject, Subject];
  const isLevel = subscriptions >= SERVICE_LEVEL.subscriptions;
  const level = isLevel ? SERVICE_LEVEL.subscriptions * SERVICE_LEVEL.share : null;
  const perCore = { figure: 'perCore', aim: null } as const;
  return [
    ratio({ ...perCore, label: 'messages of a core, to cryptography alone', of: sent, to: made }),
    finding(sent, 'perCore', 'messages sent by a whole core', 'messages/s', 'more', 2_500),
    finding(sent, 'memoryMb', 'memory that sending takes', 'MB', 'less', 150),
    ratio({ ...perCore, label: 'the same of a walk', of: walked, to: made }),
    finding(walked, 'perCore', 'messages of a walk by a whole core', 'messages/s', 'more', 2_500),
    finding(walked, 'memoryMb', 'memory that a walk takes', 'MB', 'less', 150),
    finding(walked, 'withinMinute', 'messages within a minute', 'messages', 'more', level),
    ...besideFindings(LABEL, orders),
  ];
}

function finding(
  { samples }: Subject,
  figure: string,
  label: string,
  unit: string,
  better: Finding['better'],
  aim: number | null,
): Finding {
  const values = samples.map(({ figures }) => figures[figure]!);
  return { label, unit, digits: 0, samples: values, better, aim };
}

export function subjectsOf(samples: Readonly<Record<Measured, readonly Sample[]>>): Subject[] {
  return [
    {
      key: 'livedrops',
      label: 'pushes',
      role: 'livedrops',
      about:
        'The sending side of a node: its thread encrypts, signs and sends over HTTP/2 and TLS.',
      samples: samples.send,
    },
    {
      key: 'encryption',
      label: 'encryption alone',
      role: 'ceiling',
      about: 'The same messages encrypted (RFC 8291), one key pair each, by one thread.',
      samples: samples.encrypt,
    },
    {
      key: 'walk',
      label: 'a walk over followers',
      role: 'livedrops',
      about:
        'The jobs of a worker that tell every follower with a browser, page by page, from SQLite.',
      samples: samples.walk,
    },
    ...besideSubjects(LABEL, samples, {
      beside:
        'The same, while the thread of the same server sends pushes as fast as its core gives.',
      floorBeside: 'The same, while a process of low priority sends pushes from its core.',
    }),
    {
      key: 'web-push',
      label: 'web-push',
      role: 'peer',
      about: 'web-push 3.6.7 encrypts and signs the same messages, and sends nothing.',
      samples: samples['web-push'],
    },
  ];
}

export const METHOD =
  'A node sends the news of a drop to 1,000 browsers in turn, at push services on the other core ' +
  'that take everything, over HTTP/2 and TLS. 128 messages are under way at each service. CPU is ' +
  'that of the whole process, its main thread and its thread for pushes; a core that did nothing ' +
  'else would send a million by the microseconds of one. Beside it the same messages are ' +
  'encrypted and go nowhere, and are encrypted and signed by web-push. A walk over followers is ' +
  'what a worker does of one event: followers and their browsers were written by the ports ' +
  'before, by another process, and its jobs read them page by page and send. Orders come to a ' +
  'whole server at a fixed rate and are timed from when they were due, first alone, then while a ' +
  'thread of that server sends pushes from the same core. Above 0.9 their 99th percentile is ' +
  'less than a tenth longer. So do those of the durable floor, beside a process that sends.';

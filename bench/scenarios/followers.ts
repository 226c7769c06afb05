// A creator with a million followers (F1 to F4). Measures pages at the start, in the middle and at
// the end of the list, the follower count, and follows and unfollows a second, over HTTP and at the
// store's port.

import { Latencies } from '../load/latencies.ts';
import { CREATOR_ID, Crowd } from '../load/fill-followers.ts';
import type { FollowJob, FollowResult } from '../load/follow-load.ts';
import { LoadProcess } from '../load/load-process.ts';
import type { OpenLoopJob, OpenLoopResult } from '../load/open-loop-load.ts';
import { randomNumbers } from '../load/random.ts';
import type { RequestKind } from '../load/request-plan.ts';
import { costOf, type OpenLoop } from '../measure.ts';
import {
  type CommonOptions,
  counted,
  type LatencyPoint,
  type Sample,
  type Scenario,
  type ScenarioReport,
  type Log,
} from '../scenario.ts';
import { missingServers } from '../servers/cluster-servers.ts';
import {
  type FollowedCreator,
  NEWCOMER_ID,
  startOnRedis,
  startOnSqlite,
} from '../servers/followed-creator.ts';
import { accessToken } from '../servers/sale-client.ts';
import { FOLLOWERS_FIGURES, followersFindings } from './followers-report.ts';

const PAGE_LENGTH = 50;
/** Pages read at each depth, in turn. */
const PLACES = 32;
const DEPTHS = ['first', 'middle', 'deepest'] as const;
type Depth = (typeof DEPTHS)[number];
/** Few, so that the time is that of a page and not of a queue. */
const PAGE_CONNECTIONS = 2;
const FOLLOW_CONNECTIONS = 64;
/** Users who follow and unfollow all the time. */
const FANS = 4096;
/** Pages and counts at the port, in each round. */
const PORT_READS = 800;
const WARM_UP_SECONDS = 4;
const OK = '200';

export interface FollowersOptions extends CommonOptions {
  readonly followers: number;
}

export const followers: Scenario<FollowersOptions> = {
  name: 'followers',
  description: 'a creator with a million followers: pages at any depth, follows, counts',
  options: [counted('--followers <n>', 'of the creator', 1_000_000)],
  defaults: { seconds: 2 },
  run: runFollowers,
};

/** A measured server and its loads. */
interface Measured {
  readonly creator: FollowedCreator;
  readonly pages: OpenLoop;
  readonly fans: LoadProcess<FollowJob, FollowResult>;
  readonly samples: Sample[];
}

async function runFollowers(options: FollowersOptions, log: Log): Promise<ScenarioReport> {
  const { rounds, profileDirectory } = options;
  const crowd = new Crowd(options.followers);
  const depths = depthsOf(crowd);
  const notes: string[] = [];
  const measured: Measured[] = [];
  const add = async (label: string, start: typeof startOnSqlite): Promise<void> => {
    log(`${label}: filling`);
    const onFilled = (perSecond: number): void => {
      notes.push(`${label}: ${inThousands(perSecond)} follows a second through the port at first.`);
    };
    const shown = shownOf(crowd, depths);
    const creator = await start({ crowd, shown, profileDirectory, onFilled });
    const pages: OpenLoop = new LoadProcess({ generator: 'open-loop' });
    measured.push({ creator, pages, fans: new LoadProcess({ generator: 'follow' }), samples: [] });
    const { followers: found } = await creator.follows.counts(CREATOR_ID);
    if (found !== crowd.count) throw new Error(`${label} counts ${found} followers`);
  };
  try {
    await add('SQLite', startOnSqlite);
    const missing = missingServers();
    if (missing === null) await add('Redis', startOnRedis);
    else notes.push(missing);
    for (const one of measured) await sample(one, crowd, depths, WARM_UP_SECONDS);
    for (let round = 0; round < rounds; round++) {
      log(`round ${round + 1} of ${rounds}`);
      for (const one of measured) {
        one.samples.push(await sample(one, crowd, depths, options.seconds));
      }
    }
    return report(options, measured, notes);
  } finally {
    for (const { creator, pages, fans } of measured) {
      await Promise.all([pages.stop(), fans.stop()]);
      await creator.stop();
    }
  }
}

type Depths = Readonly<Record<Depth, readonly number[]>>;

/** The number of followers before each page to read. */
function depthsOf({ count: followerCount }: Crowd): Depths {
  const random = randomNumbers(1);
  const last = Math.max(0, followerCount - PAGE_LENGTH);
  const between = (from: number, to: number) =>
    Array.from({ length: PLACES }, () => Math.floor(last * (from + random() * (to - from))));
  return { first: [0], middle: between(0.4, 0.6), deepest: between(0.98, 1) };
}

/** All users on those pages. */
function shownOf(crowd: Crowd, depths: Depths): string[] {
  const shown = new Set<string>();
  for (const depth of DEPTHS.flatMap((name) => depths[name])) {
    const last = Math.max(0, crowd.count - depth - PAGE_LENGTH);
    for (let index = crowd.count - depth - 1; index >= last; index--) {
      shown.add(crowd.userId(index));
    }
  }
  return [...shown];
}

async function sample(
  measured: Measured,
  crowd: Crowd,
  depths: Depths,
  seconds: number,
): Promise<Sample> {
  const { creator, fans, pages } = measured;
  const { host, port } = creator;
  const atPort = await readAtPort(creator, crowd, depths);
  const { result, cost } = await costOf<OpenLoopJob, OpenLoopResult>(creator, pages, {
    host,
    port,
    kinds: kindsOf(crowd, depths),
    connections: PAGE_CONNECTIONS,
    perSecond: null,
    seconds,
  });
  const changes = await fans.run({
    host,
    port,
    creatorId: CREATOR_ID,
    tokens: fanTokens,
    connections: FOLLOW_CONNECTIONS,
    seconds,
  });
  if (changes.failures > 0) throw new Error(`${changes.failures} follows failed`);
  const spreadOf = (name: string) => {
    const { done, due } = result.kinds[name]!;
    if (done.answers !== due) throw new Error(`not all reads were answered ${OK}: ${name}`);
    return done;
  };
  return {
    figures: {
      firstP50: spreadOf('first').p50Ms,
      firstP99: spreadOf('first').p99Ms,
      middleP99: spreadOf('middle').p99Ms,
      deepestP50: spreadOf('deepest').p50Ms,
      deepestP99: spreadOf('deepest').p99Ms,
      countP99: spreadOf('count').p99Ms,
      reads: result.answers / result.seconds,
      cpu: cost.serverCpuMicrosPerAnswer,
      follows: changes.answers / changes.seconds,
      followP99: pointAt(changes.latency, 99),
      ...atPort,
    },
    latency: spreadOf('deepest').latency,
  };
}

const fanTokens = Array.from({ length: FANS }, (_, i) => accessToken(`fan-${i}`));
const READER = [accessToken('reader')];

function kindsOf(crowd: Crowd, depths: Depths): RequestKind[] {
  const list = `/v1/creators/${CREATOR_ID}/followers?limit=${PAGE_LENGTH}`;
  const pathOf = (depth: number) => {
    const cursor = crowd.cursor(depth);
    return cursor === null ? list : `${list}&cursor=${cursor}`;
  };
  const read = { weight: 1, method: 'GET', tokens: READER, body: null, keyed: false } as const;
  return [
    ...DEPTHS.map((name) => ({ ...read, name, paths: depths[name].map(pathOf) })),
    { ...read, name: 'count', paths: [`/v1/users/${CREATOR_ID}`] },
  ];
}

/** Reads one at a time in random order, so that no read always follows the same other read. */
async function readAtPort(
  { follows }: FollowedCreator,
  crowd: Crowd,
  depths: Depths,
): Promise<Record<string, number>> {
  const random = randomNumbers(2);
  const readPage = (depth: Depth) => {
    const cursor = crowd.cursor(drawn(depths[depth], random));
    return follows.listFollowers(CREATOR_ID, { limit: PAGE_LENGTH, cursor });
  };
  const reads = [
    { key: 'portFirst', read: () => readPage('first'), latencies: new Latencies() },
    { key: 'portDeepest', read: () => readPage('deepest'), latencies: new Latencies() },
    { key: 'portCount', read: () => follows.counts(CREATOR_ID), latencies: new Latencies() },
    { key: 'portSmallCount', read: () => follows.counts(NEWCOMER_ID), latencies: new Latencies() },
  ];
  for (let i = 0; i < PORT_READS; i++) {
    const { read, latencies } = drawn(reads, random);
    const startedAt = performance.now();
    await read();
    latencies.add(performance.now() - startedAt);
  }
  return Object.fromEntries(reads.map(({ key, latencies }) => [key, latencies.spread().p50Ms]));
}

function drawn<T>(items: readonly T[], random: () => number): T {
  return items[Math.floor(random() * items.length)]!;
}

function pointAt(latency: readonly LatencyPoint[], percentile: number): number {
  return latency.find(([at]) => at === percentile)![1];
}

function report(
  { followers: followerCount, rounds, seconds }: FollowersOptions,
  measured: readonly Measured[],
  notes: readonly string[],
): ScenarioReport {
  const subjects = measured.map(({ creator, samples }) => ({ ...creator.subject, samples }));
  return {
    name: 'followers',
    title: 'A creator with a million followers',
    method:
      'A creator is followed by very many, filled in before: on SQLite through the port of the ' +
      'store, on Redis 20,000 through the port and the others as the port leaves them. Then the ' +
      `real server is asked over ${PAGE_CONNECTIONS} connections, the next request after each ` +
      `answer, drawn at random: the first page of the list (${PAGE_LENGTH} followers with their ` +
      `names), one of ${PLACES} pages around its middle, one of ${PLACES} among its last 2 %, or ` +
      `the profile with the count; so that all of them meet the same machine. After that ${FANS} ` +
      `users follow and unfollow in turn over ${FOLLOW_CONNECTIONS} connections: every request ` +
      'is a change, durable before its answer. Pages and counts are also read from the store ' +
      'beneath, one at a time, beside the count of a creator with 2,000 followers. The server ' +
      'with its store runs on one core, the load on another.',
    settings: { followers: followerCount, rounds, seconds },
    figures: FOLLOWERS_FIGURES,
    subjects,
    findings: subjects.flatMap(followersFindings),
    notes,
  };
}

function inThousands(value: number): string {
  return Math.round(value).toLocaleString('en');
}

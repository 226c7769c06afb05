// A load of users who follow and unfollow a creator in turn, so that every request changes
// something. Each connection has one request in flight. Runs as a process: each input line is a job
// (JSON), each output line a result.

import { createInterface } from 'node:readline';
import type { LatencyPoint } from '../scenario.ts';
import { type ClosedSocket, type HttpSink, HttpSocket } from './http-socket.ts';
import { Latencies } from './latencies.ts';
import { type PreparedRequest, preparedRequests } from './request-plan.ts';

export interface FollowJob {
  readonly host: string;
  readonly port: number;
  readonly creatorId: string;
  /** One token for each user. No user follows the creator before the first job. */
  readonly tokens: readonly string[];
  readonly connections: number;
  readonly seconds: number;
  readonly run: string;
}

export interface FollowResult {
  readonly seconds: number;
  readonly answers: number;
  /** Answers other than 204, and requests lost with their connection. */
  readonly failures: number;
  readonly latency: readonly LatencyPoint[];
}

const DONE = 204;
const LAST_ANSWER_WAIT_MS = 5_000;

/** The users of one connection, in turn: each follows, then unfollows. */
class Users {
  readonly #requests: readonly PreparedRequest[];
  #next = 0;

  constructor(requests: readonly PreparedRequest[]) {
    this.#requests = requests;
  }

  next(): Buffer {
    const request = this.#requests[this.#next % this.#requests.length]!;
    this.#next += 1;
    return request.bytes;
  }
}

class Run implements HttpSink {
  readonly #done: (result: FollowResult) => void;
  readonly #users: readonly Users[];
  readonly #sockets: readonly HttpSocket[];
  readonly #latencies = new Latencies();
  readonly #startedAt = performance.now();
  #timer: NodeJS.Timeout;
  #isOver = false;
  #underWay = 0;
  #failures = 0;

  constructor(job: FollowJob, users: readonly Users[], done: (result: FollowResult) => void) {
    this.#users = users;
    this.#done = done;
    this.#sockets = users.map((_, index) => {
      const socket = new HttpSocket({ host: job.host, port: job.port, sink: this });
      socket.kind = index;
      return socket;
    });
    this.#timer = setTimeout(() => this.#end(), job.seconds * 1000);
  }

  opened(socket: HttpSocket): void {
    if (!this.#isOver) this.#send(socket);
  }

  answered(socket: HttpSocket, status: number): void {
    this.#underWay -= 1;
    if (status === DONE) this.#latencies.add(performance.now() - socket.startedAt);
    else this.#failures += 1;
    if (!this.#isOver) this.#send(socket);
    else if (this.#underWay === 0) this.#finish();
  }

  closed(_socket: HttpSocket, was: ClosedSocket): void {
    this.#failures += 1;
    if (was === 'busy') this.#underWay -= 1;
    if (this.#isOver && this.#underWay === 0) this.#finish();
  }

  #send(socket: HttpSocket): void {
    this.#underWay += 1;
    socket.startedAt = performance.now();
    socket.send(this.#users[socket.kind]!.next());
  }

  #end(): void {
    this.#isOver = true;
    if (this.#underWay === 0) this.#finish();
    else this.#timer = setTimeout(() => this.#finish(), LAST_ANSWER_WAIT_MS);
  }

  #finish(): void {
    clearTimeout(this.#timer);
    for (const socket of this.#sockets) socket.end();
    this.#done({
      seconds: (performance.now() - this.#startedAt) / 1000,
      answers: this.#latencies.count,
      failures: this.#failures + this.#underWay,
      latency: this.#latencies.points(),
    });
  }
}

function usersOf(job: FollowJob): Users[] {
  const { creatorId, tokens, connections } = job;
  const paths = [`/v1/creators/${creatorId}/follow`];
  const kind = { name: 'follow', weight: 1, paths, tokens, body: null, keyed: false } as const;
  // Both lists take the tokens in turn, so one index is the same user in both.
  const follows = preparedRequests(job, { ...kind, method: 'POST' }, 0);
  const unfollows = preparedRequests(job, { ...kind, method: 'DELETE' }, 0);
  return Array.from({ length: connections }, (_, connection) => {
    const own: PreparedRequest[] = [];
    const last = Math.min(follows.length, tokens.length);
    for (let user = connection; user < last; user += connections) {
      own.push(follows[user]!, unfollows[user]!);
    }
    return new Users(own);
  });
}

/** All jobs are for one server. Each job continues where the previous one ended. */
let users: Users[] | null = null;

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line) as FollowJob;
  users ??= usersOf(job);
  const jobUsers = users;
  const result = await new Promise<FollowResult>((resolve) => new Run(job, jobUsers, resolve));
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

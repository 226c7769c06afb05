// The crash test: rounds on one data directory. Each round starts the real server on the data of
// the previous round, puts load on it, and sends SIGKILL at a random moment, sometimes during
// recovery. At the end everything that any client received is compared with the journal.

import { UNWATCHED } from '../../actors/run-context.ts';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../composition/config.ts';
import { verifyEmbedded } from '../../composition/verify.ts';
import { HttpPool } from '../../operator/demo/http-pool.ts';
import { ServerProcess } from '../../operator/demo/server-process.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { Caller } from './caller.ts';
import { check } from './checker.ts';
import { Crowd, register, retryAll, type Retry } from './crowd.ts';
import { COMPILE_CACHE } from '../operator/run-command.ts';
import { lastLines, withEvidence } from './evidence.ts';
import { pause, readFinalState, settled } from './final-state.ts';
import { COPY_AGE_MS, EXACT, type FinalState, History } from './history.ts';
import { Random } from './random.ts';
import { readTruth, type Truth } from './truth.ts';
import { Watcher } from './watchers.ts';
import { type PlacedKey, World } from './world.ts';

export interface CrashTestOptions {
  /** Threads that serve clients. */
  readonly threads: number;
  readonly rounds: number;
  readonly seed: number;
  /** Receives one line for each round, and the evidence of what was found. */
  readonly print: (line: string) => void;
}

export interface CrashReport {
  /** Each error with the exchanges that show it; empty without errors. */
  readonly findings: readonly string[];
  readonly answered: number;
  readonly unanswered: number;
  readonly orders: number;
}

/** On a machine that is busy with other tests. */
const READY_TIMEOUT_MS = 120_000;
const CLIENTS = 24;
const BUYERS = 40;
const WATCHERS = 6;
const REGISTRATIONS_PER_ROUND = 2;
const LOAD_MIN_MS = 250;
const LOAD_MAX_MS = 1100;
/** The share of rounds in which the server is also killed before it is ready. */
const RECOVERY_CRASH_SHARE = 0.2;
const RECOVERY_MIN_MS = 300;
const RECOVERY_MAX_MS = 1800;
const WAITING_MAX = 10_000;
const WATCHER_LAG_MS = 5000;
const SECRET_BYTES = 32;
const DROP_LIFETIME_MS = 60 * 60 * 1000;

export async function runCrashTest(options: CrashTestOptions): Promise<CrashReport> {
  const { rounds, threads, seed, print } = options;
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-chaos-'));
  const logFile = join(directory, 'server.log');
  const log = openSync(logFile, 'a');
  const run = new CrashTest({ dataDirectory: join(directory, 'data'), log }, options);
  const about = {
    again: `--rounds ${rounds} --threads ${threads} --seed ${seed}`,
    history: run.history,
    logs: () => lastLines('server', logFile),
    print,
  };
  try {
    return await withEvidence(about, async () => {
      for (let round = 1; round <= rounds; round++) await run.round(round);
      return await run.conclude(rounds + 1);
    });
  } finally {
    await run.server.kill();
    closeSync(log);
    rmSync(directory, { recursive: true, force: true });
  }
}

class CrashTest {
  readonly server: ServerProcess;
  readonly #options: CrashTestOptions;
  readonly #random: Random;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #paymentSecret = `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
  readonly history = new History();
  readonly #world: World;
  readonly #watchers: readonly Watcher[];
  readonly #dropIds: string[] = [];
  #retries: readonly Retry[] = [];
  #connections = 0;
  #url = '';

  /** `log`: the file that the server's log goes to. */
  constructor(
    { dataDirectory, log }: { dataDirectory: string; log: number },
    options: CrashTestOptions,
  ) {
    this.#options = options;
    this.#random = new Random({ seed: options.seed });
    const authSecret = randomBytes(SECRET_BYTES).toString('base64url');
    this.#environment = {
      ...COMPILE_CACHE,
      LIVEDROPS_DATA: dataDirectory,
      LIVEDROPS_PORT: '0',
      LIVEDROPS_RATE_LIMITS: 'off',
      LIVEDROPS_THREADS: String(options.threads),
      LIVEDROPS_LOG: 'warn',
      LIVEDROPS_AUTH_SECRET: authSecret,
      LIVEDROPS_PAYMENT_SECRET: this.#paymentSecret,
    };
    const environment = this.#environment;
    this.server = new ServerProcess({ environment, readyTimeoutMs: READY_TIMEOUT_MS, log });
    this.#world = new World({ authSecret, buyers: BUYERS });
    const history = this.history;
    this.#watchers = this.#world.buyers
      .slice(0, WATCHERS)
      .map((userId) => new Watcher({ history, userId }));
  }

  async round(round: number): Promise<void> {
    const random = this.#random;
    const seed = random.integer(1, 2 ** 31);
    const loadMs = random.integer(LOAD_MIN_MS, LOAD_MAX_MS);
    const recoveryMs = random.integer(RECOVERY_MIN_MS, RECOVERY_MAX_MS);
    const crashesTwice = random.chance(RECOVERY_CRASH_SHARE);
    if (crashesTwice) await this.#crashWhileStarting(recoveryMs);
    const before = { answered: this.history.answered, unanswered: this.history.unanswered };
    const { pool, caller } = await this.#start(round);
    await this.#makeDrops(caller, random);
    await this.#connectWatchers(round);
    const crowd = new Crowd({
      caller,
      world: this.#world,
      seed,
      clients: CLIENTS,
      registrationsMax: REGISTRATIONS_PER_ROUND,
    });
    const running = crowd.run();
    await pause(loadMs);
    await this.server.kill();
    crowd.end();
    this.#retries = await running;
    await Promise.all(this.#watchers.map((watcher) => watcher.close()));
    pool.close();
    const { answered, unanswered } = this.history;
    this.#options.print(
      `round ${round}: ${crashesTwice ? `killed ${recoveryMs} ms into its start, then ` : ''}` +
        `killed after ${loadMs} ms of load: ${answered - before.answered} answers, ` +
        `${unanswered - before.unanswered} without`,
    );
  }

  /** The last start: reads everything once more and compares it. */
  async conclude(round: number): Promise<CrashReport> {
    const { pool, caller } = await this.#start(round);
    await this.#connectWatchers(round);
    await settled(caller, this.#dropIds);
    await this.#placeAgain(caller);
    const final = await readFinalState(caller, this.#world);
    await this.#watchersLevel(final);
    await Promise.all(this.#watchers.map((watcher) => watcher.close()));
    pool.close();
    const findings: string[] = [];
    if (!(await this.server.stop())) findings.push('The server did not stop in order.');
    const truth = await readDirectory(this.#environment['LIVEDROPS_DATA']!);
    // A thread has copies of its own, as a gateway of a cluster has.
    const copyAgeMs = this.#options.threads > 1 ? COPY_AGE_MS : 0;
    findings.push(...check(this.history, truth, final, { ...EXACT, copyAgeMs }));
    const verified = (await verifyEmbedded(loadConfig(this.#environment), UNWATCHED))!;
    findings.push(...verified.findings.map((finding) => `X2: verify says: ${finding}`));
    const { answered, unanswered } = this.history;
    return { findings, answered, unanswered, orders: verified.orders };
  }

  async #crashWhileStarting(afterMs: number): Promise<void> {
    const started = this.server.start().catch(() => 'killed before it was ready');
    await pause(afterMs);
    await this.server.kill();
    await started;
  }

  async #start(round: number): Promise<{ pool: HttpPool; caller: Caller }> {
    this.#url = await this.server.start();
    const { host, hostname, port } = new URL(this.#url);
    const pool = new HttpPool({
      host: hostname,
      port: Number(port),
      connectionsMax: CLIENTS * 2,
      waitingMax: WAITING_MAX,
    });
    const paymentSecret = this.#paymentSecret;
    const caller = new Caller({ history: this.history, pool, host, round, paymentSecret });
    const retries = this.#retries;
    this.#retries = [];
    await retryAll(retries, caller);
    if (this.#world.creators.length === 0) await this.#makeCreators(caller);
    return { pool, caller };
  }

  async #makeCreators(caller: Caller): Promise<void> {
    const emails = ['ada@example.com', 'grace@example.com'];
    await Promise.all(emails.map((email) => register(caller, 'the creator', email)));
    const made = this.history.registrations.map(({ userId }) => userId);
    this.#world.creators = made.filter((userId) => userId !== null);
  }

  async #makeDrops(caller: Caller, random: Random): Promise<void> {
    const creatorId = random.pick(this.#world.creators)!;
    const token = this.#world.token(creatorId);
    const client = 'the creator';
    const product = await caller.call({
      client,
      what: 'makes a product',
      method: 'POST',
      path: `/v1/creators/${creatorId}/products`,
      token,
      body: { name: 'A lamp' },
    });
    const now = Date.now();
    const kinds = [
      { payment: 'instant', stock: 60, limitPerUser: 6, startsAt: now },
      { payment: 'provider', stock: 120, limitPerUser: 9, startsAt: now },
      { payment: 'instant', stock: 300, limitPerUser: 20, startsAt: now + 250 },
    ] as const;
    for (const { payment, stock, limitPerUser, startsAt } of kinds) {
      const { status, json } = await caller.drop({
        client,
        what: 'makes a drop',
        method: 'POST',
        path: `/v1/products/${String(product.json['id'])}/drops`,
        token,
        body: {
          startsAt: new Date(startsAt).toISOString(),
          endsAt: new Date(now + DROP_LIFETIME_MS).toISOString(),
          stock,
          unitAmount: 1500,
          currency: 'EUR',
          limitPerUser,
          holdSeconds: 1,
          payment,
        },
      });
      if (status !== 201) throw new Error(`a drop was answered ${status}`);
      const id = String(json['id']);
      this.#dropIds.push(id);
      this.#world.addDrop({ id, creatorId, payment, limitPerUser });
    }
  }

  async #connectWatchers(round: number): Promise<void> {
    const url = this.#url;
    const dropIds = this.#world.drops.map(({ id }) => id);
    await Promise.all(
      this.#watchers.map((watcher) =>
        watcher.connect({
          url,
          token: this.#world.token(watcher.userId),
          round,
          connection: ++this.#connections,
          dropIds,
        }),
      ),
    );
  }

  /** Every repeated acknowledged key must return its order again (O3). */
  async #placeAgain(caller: Caller): Promise<void> {
    const acknowledged = new Map<string, PlacedKey>();
    for (const { order, userId, dropId, key, quantity } of this.history.attempts) {
      if (order !== null) acknowledged.set(order.id, { userId, dropId, key, quantity });
    }
    const keys = [...acknowledged.values()].filter(() => this.#random.chance(0.2));
    const again = keys.map((placed): Retry => {
      const token = this.#world.token(placed.userId);
      return async (by) => (await by.place('the auditor', token, placed)).status;
    });
    await retryAll(again, caller);
  }

  /** Waits, up to a limit, until every watcher has the last notification of its feed. */
  async #watchersLevel(final: FinalState): Promise<void> {
    const deadline = Date.now() + WATCHER_LAG_MS;
    const isLevel = (watcher: Watcher): boolean => {
      const last = final.feeds.get(watcher.userId)?.at(-1)?.id ?? '0';
      return watcher.lastId === last;
    };
    while (!this.#watchers.every(isLevel) && Date.now() < deadline) await pause(20);
  }
}

/** The journals of a data directory that no server uses. */
async function readDirectory(directory: string): Promise<Truth> {
  const stores = await openSqliteStores({ directory });
  try {
    return await readTruth(stores.journal);
  } finally {
    await stores.close();
  }
}

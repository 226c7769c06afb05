// A live client of a cluster. It connects to one gateway until the gateway sends nothing for a
// while or the client changes the gateway by chance. Then it connects to another gateway and
// resumes after its last notification. It subscribes to every drop.

import { pause } from './final-state.ts';
import type { Random } from './random.ts';
import type { Watcher } from './watchers.ts';
import type { World } from './world.ts';

export interface RoamingWatcherOptions {
  readonly watcher: Watcher;
  readonly world: World;
  readonly urls: readonly string[];
  readonly random: Random;
  /** A number for each new connection. */
  readonly connections: () => number;
}

const POLL_INTERVAL_MS = 100;
const PING_MS = 500;
const SILENCE_MAX_MS = 2_000;
const CONNECT_TIMEOUT_MS = 3_000;
const RECONNECT_DELAY_MS = 100;
/** The chance at each poll to change the gateway without need. */
const ROAM_SHARE = 0.02;

export class RoamingWatcher {
  readonly #options: RoamingWatcherOptions;
  #round = 1;
  #subscribed = new Set<string>();
  #over = false;

  constructor(options: RoamingWatcherOptions) {
    this.#options = options;
  }

  /** Resolves after `end`. */
  async run(): Promise<void> {
    const { watcher, random } = this.#options;
    let pingAt = 0;
    while (!this.#over) {
      if (!watcher.connected) await this.#connect();
      await pause(POLL_INTERVAL_MS);
      const now = Date.now();
      if (watcher.connected && now >= pingAt) {
        watcher.send({ type: 'ping' });
        pingAt = now + PING_MS;
      }
      this.#subscribe();
      if (now - watcher.receivedAt > SILENCE_MAX_MS || random.chance(ROAM_SHARE)) {
        await watcher.close();
      }
    }
    await watcher.close();
  }

  /** Frames of new connections belong to this round. */
  beginRound(round: number): void {
    this.#round = round;
  }

  end(): void {
    this.#over = true;
  }

  async #connect(): Promise<void> {
    const { watcher, world, urls, random, connections } = this.#options;
    const dropIds = world.drops.map(({ id }) => id);
    this.#subscribed = new Set(dropIds);
    const connected = watcher.connect({
      url: random.pick(urls)!,
      token: world.token(watcher.userId),
      round: this.#round,
      connection: connections(),
      dropIds,
    });
    const late = pause(CONNECT_TIMEOUT_MS).then(() => false);
    const done = await Promise.race([connected.then(() => true).catch(() => false), late]);
    if (done) return;
    await watcher.close();
    await pause(RECONNECT_DELAY_MS);
  }

  #subscribe(): void {
    const { watcher, world } = this.#options;
    if (!watcher.connected) return;
    for (const { id } of world.drops) {
      if (this.#subscribed.has(id)) continue;
      this.#subscribed.add(id);
      watcher.send({ type: 'subscribe', topic: `drop:${id}` });
    }
  }
}

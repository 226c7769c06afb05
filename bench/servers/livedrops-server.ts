// The real server on its core, on a data directory of its own, and what a scenario needs to set the scene: tokens, a product, a drop.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSigner } from 'fast-jwt';
import { PinnedProcess, SERVER_CORE } from '../pinned-process.ts';

const AUTH_SECRET = 'a secret for measuring only, 32 characters or more';
const COMMAND = new URL('../../operator/livedrops.ts', import.meta.url).pathname;
const TOKEN_LIFETIME_MS = 3_600_000;

export class LiveDropsServer {
  readonly process: PinnedProcess;
  readonly #directory = mkdtempSync(join(tmpdir(), 'livedrops-bench-'));
  readonly #sign = createSigner({
    key: AUTH_SECRET,
    algorithm: 'HS256',
    expiresIn: TOKEN_LIFETIME_MS,
  });
  #url: URL | null = null;

  /** `nodeArgs`, such as `--cpu-prof`, go before the script. */
  constructor(nodeArgs: readonly string[] = []) {
    this.process = new PinnedProcess({
      core: SERVER_CORE,
      args: [...nodeArgs, COMMAND, 'start'],
      env: {
        LIVEDROPS_PORT: '0',
        LIVEDROPS_DATA: this.#directory,
        LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
        // One address and few users send everything; the limits themselves are measured nowhere.
        LIVEDROPS_RATE_LIMITS: 'off',
        LIVEDROPS_LOG: 'warn',
      },
    });
  }

  async start(): Promise<void> {
    this.#url = new URL((await this.process.line()).replace('LiveDrops ready on ', ''));
  }

  get host(): string {
    return this.#url!.hostname;
  }
  get port(): number {
    return Number(this.#url!.port);
  }

  token(userId: string): string {
    return this.#sign({ sub: userId });
  }

  /** A live drop; returns its id. */
  async drop(stock: number): Promise<string> {
    const creator = 'bench-creator';
    const product = await this.#post(`/v1/creators/${creator}/products`, creator, {
      name: 'Sneaker',
    });
    const drop = await this.#post(`/v1/products/${product.id}/drops`, creator, {
      startsAt: new Date(Date.now() - 1000).toISOString(),
      endsAt: new Date(Date.now() + 3_600_000).toISOString(),
      stock,
      priceCents: 12_000,
      currency: 'EUR',
      limitPerUser: 1000,
    });
    return drop.id;
  }

  order(dropId: string, userId: string): Promise<{ id: string }> {
    return this.#post(
      `/v1/drops/${dropId}/orders`,
      userId,
      { quantity: 1 },
      { 'idempotency-key': `first-${userId}` },
    );
  }

  async soldUnits(dropId: string): Promise<number> {
    const response = await fetch(new URL(`/v1/drops/${dropId}`, this.#url!));
    return ((await response.json()) as { sold: number }).sold;
  }

  async stop(): Promise<void> {
    await this.process.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #post(
    path: string,
    userId: string,
    body: object,
    headers: object = {},
  ): Promise<{ id: string }> {
    const response = await fetch(new URL(path, this.#url!), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.token(userId)}`,
        'content-type': 'application/json',
        ...headers,
      },
      body: JSON.stringify(body),
    });
    if (!response.ok)
      throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as { id: string };
  }
}

// The whole server of one profile on free ports of this machine, with a client to talk to it.

import type { Truth } from '../chaos/truth.ts';
import {
  AUTH_SECRET,
  DETAILS_SECRET,
  PASS_SECRET,
  PAYMENT_SECRETS,
  SaleClient,
} from './sale-client.ts';
import {
  type Environment,
  type Prepare,
  type Profile,
  type SaleNodes,
  startNodes,
} from './sale-nodes.ts';

export class SaleServer extends SaleClient {
  readonly #nodes: SaleNodes;
  #stopped = false;

  private constructor(nodes: SaleNodes) {
    super(nodes);
    this.#nodes = nodes;
  }

  static async start(
    profile: Profile,
    environment: Environment = {},
    prepare?: Prepare,
  ): Promise<SaleServer> {
    const secrets = {
      LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
      LIVEDROPS_PAYMENT_SECRET: PAYMENT_SECRETS.join(' '),
      LIVEDROPS_DETAILS_SECRET: DETAILS_SECRET,
      LIVEDROPS_PASS_SECRET: PASS_SECRET,
    };
    return new SaleServer(await startNodes(profile, { ...secrets, ...environment }, prepare));
  }

  /** Where operators find each node. */
  get operatorUrls(): readonly string[] {
    return this.#nodes.operatorUrls;
  }

  /** Of one of the nodes, for commands. */
  get settings(): Environment {
    return this.#nodes.settings;
  }

  /** Takes the users' order lists and feeds away, as damage would; their read marks stay. */
  lose(userIds: readonly string[]): Promise<void> {
    return this.#nodes.lose(userIds);
  }

  /** Harmless when repeated. */
  async stop(): Promise<void> {
    await this.#end();
    await this.#nodes.remove();
  }

  /** Stops, and resolves to what the journals say. What is stored stays until `stop`. */
  async stopAndRead(): Promise<Truth> {
    await this.#end();
    return await this.#nodes.truth();
  }

  async #end(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.#nodes.stop();
  }
}

// Linux network namespaces, to cut the connection of one node to one server while everything else
// works: a bridge with an address for each server, and a namespace for each node. Packets to a cut
// address are dropped without an error.

import { execFileSync } from 'node:child_process';
import { findProgram } from '../servers/child-server.ts';

/** The last bytes of addresses: the tests' own, and the first of each kind. */
const OWN_HOST = 1;
const REDIS_HOST_FIRST = 21;
const NATS_HOST_FIRST = 31;
const NODE_HOST_FIRST = 41;
const HOSTS_OF_A_KIND = 3;
/** Names of devices have at most 15 characters. */
const NUMBERS_MAX = 250;

export class Namespaces {
  /** Addresses for servers. */
  readonly redis: readonly string[];
  readonly nats: readonly string[];
  readonly #network: string;
  readonly #name: string;
  readonly #count: number;

  /** Creates the namespaces. Throws if this machine does not allow it. */
  constructor(options: { readonly count: number }) {
    // Test files run side by side, in processes of their own.
    const number = process.pid % NUMBERS_MAX;
    this.#count = options.count;
    this.#name = `livedrops${number}`;
    this.#network = `10.213.${number}`;
    const addresses = (first: number): string[] =>
      Array.from({ length: HOSTS_OF_A_KIND }, (_, i) => `${this.#network}.${first + i}`);
    this.redis = addresses(REDIS_HOST_FIRST);
    this.nats = addresses(NATS_HOST_FIRST);
    try {
      this.#make();
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  node(index: number): string {
    return `${this.#network}.${NODE_HOST_FIRST + index}`;
  }

  /** The prefix that runs a command inside a node's namespace. */
  within(index: number): readonly string[] {
    return ['ip', 'netns', 'exec', this.#namespace(index)];
  }

  /** Drops all packets from the node to these addresses. Connections get no error. */
  cut(index: number, addresses: readonly string[]): void {
    for (const address of addresses) {
      ip('-n', this.#namespace(index), 'route', 'add', 'blackhole', `${address}/32`);
    }
  }

  /** Does nothing if the connection is not cut. */
  mend(index: number): void {
    const routes = ip('-n', this.#namespace(index), 'route', 'show', 'type', 'blackhole');
    for (const [, address] of routes.matchAll(/^blackhole (\S+)/gm)) {
      ip('-n', this.#namespace(index), 'route', 'del', 'blackhole', address!);
    }
  }

  /** Safe to repeat. */
  remove(): void {
    const namespaces = ip('netns', 'list');
    const devices = ip('-brief', 'link');
    for (let index = 0; index < this.#count; index++) {
      // A namespace lives on while a closed connection in it retries, and so would its device.
      const device = this.#device(index);
      if (devices.includes(`${device}@`)) ip('link', 'del', device);
      const name = this.#namespace(index);
      if (new RegExp(`^${name}\\b`, 'm').test(namespaces)) ip('netns', 'del', name);
    }
    if (devices.includes(`${this.#name} `)) ip('link', 'del', this.#name);
  }

  #make(): void {
    ip('link', 'add', this.#name, 'type', 'bridge');
    // The first is what this process is seen as: a node that is cut from a server still answers it.
    for (const address of [`${this.#network}.${OWN_HOST}`, ...this.redis, ...this.nats]) {
      ip('addr', 'add', `${address}/24`, 'dev', this.#name);
    }
    ip('link', 'set', this.#name, 'up');
    for (let index = 0; index < this.#count; index++) {
      const namespace = this.#namespace(index);
      const device = this.#device(index);
      ip('netns', 'add', namespace);
      ip('link', 'add', device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
      ip('link', 'set', device, 'master', this.#name, 'up');
      ip('-n', namespace, 'addr', 'add', `${this.node(index)}/24`, 'dev', 'eth0');
      ip('-n', namespace, 'link', 'set', 'eth0', 'up');
      ip('-n', namespace, 'link', 'set', 'lo', 'up');
    }
  }

  #device(index: number): string {
    return `${this.#name}v${index}`;
  }

  #namespace(index: number): string {
    return `${this.#name}n${index}`;
  }
}

/** Null if this machine cannot create namespaces: another system, no rights, or no `ip`. */
export function makeNamespaces(count: number): Namespaces | null {
  if (findProgram('ip') === null) return null;
  try {
    return new Namespaces({ count });
  } catch {
    return null;
  }
}

function ip(...args: string[]): string {
  return execFileSync(findProgram('ip')!, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

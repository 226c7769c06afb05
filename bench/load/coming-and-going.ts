// Subscribers of the live stream who come, watch a drop for a while, and go, all the time: for each
// that goes another one comes. They run in the process of the bench itself; there are few of them.

import { WebSocket } from 'ws';
import { accessToken } from '../servers/sale-client.ts';

export interface ComingAndGoingOptions {
  readonly host: string;
  readonly port: number;
  /** Open at once. */
  readonly count: number;
  /** The drop that the next one watches; null: nobody comes. */
  readonly nextDrop: () => string | null;
}

const SWAP_INTERVAL_MS = 1_000;
/** Of those open, at each interval: so everybody stays for 20 seconds. */
const SWAPPED_SHARE = 0.05;

export class ComingAndGoing {
  readonly #options: ComingAndGoingOptions;
  readonly #timer: NodeJS.Timeout;
  /** Oldest first. */
  #open: WebSocket[] = [];
  #came = 0;
  #frames = 0;
  #lost = 0;

  constructor(options: ComingAndGoingOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#swap(), SWAP_INTERVAL_MS);
  }

  get frames(): number {
    return this.#frames;
  }

  /** Connections that the server refused or ended. */
  get lost(): number {
    return this.#lost;
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const socket of this.#open) socket.terminate();
    this.#open = [];
  }

  #swap(): void {
    const { count } = this.#options;
    const leaving = Math.max(0, this.#open.length - Math.floor(count * (1 - SWAPPED_SHARE)));
    for (const socket of this.#open.splice(0, leaving)) socket.close();
    while (this.#open.length < count) {
      const dropId = this.#options.nextDrop();
      if (dropId === null) return;
      this.#open.push(this.#come(dropId));
    }
  }

  #come(dropId: string): WebSocket {
    const { host, port } = this.#options;
    this.#came += 1;
    const token = accessToken(`watcher-${this.#came}`);
    const socket = new WebSocket(`ws://${host}:${port}/v1/notifications?access_token=${token}`, {
      perMessageDeflate: false,
    });
    socket.on('open', () =>
      socket.send(JSON.stringify({ type: 'subscribe', topic: `drop:${dropId}` })),
    );
    socket.on('message', () => {
      this.#frames += 1;
    });
    // Told by the close that follows it.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      const at = this.#open.indexOf(socket);
      if (at < 0) return;
      this.#open.splice(at, 1);
      this.#lost += 1;
    });
    return socket;
  }
}

// A constant number of live stream subscribers, of which some are replaced all the time. They run
// in the process of the bench itself, since they are few.

import { WebSocket } from 'ws';
import { accessToken } from '../servers/sale-client.ts';

export interface ChurningSubscribersOptions {
  readonly host: string;
  readonly port: number;
  /** Number of open connections. */
  readonly count: number;
  /** The drop for the next subscriber; null: do not connect now. */
  readonly nextDrop: () => string | null;
}

const SWAP_INTERVAL_MS = 1_000;
/** Share replaced in each interval: a connection lasts 20 seconds. */
const SWAPPED_SHARE = 0.05;

export class ChurningSubscribers {
  readonly #options: ChurningSubscribersOptions;
  readonly #timer: NodeJS.Timeout;
  /** Oldest first. */
  #open: WebSocket[] = [];
  #connected = 0;
  #frames = 0;
  #lost = 0;

  constructor(options: ChurningSubscribersOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#swap(), SWAP_INTERVAL_MS);
  }

  get frames(): number {
    return this.#frames;
  }

  /** Connections that the server refused or closed. */
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
      this.#open.push(this.#connect(dropId));
    }
  }

  #connect(dropId: string): WebSocket {
    const { host, port } = this.#options;
    this.#connected += 1;
    const token = accessToken(`watcher-${this.#connected}`);
    const socket = new WebSocket(`ws://${host}:${port}/v1/notifications?access_token=${token}`, {
      perMessageDeflate: false,
    });
    socket.on('open', () =>
      socket.send(JSON.stringify({ type: 'subscribe', topic: `drop:${dropId}` })),
    );
    socket.on('message', () => {
      this.#frames += 1;
    });
    // The close event that follows counts the loss.
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

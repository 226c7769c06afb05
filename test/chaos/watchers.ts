// Live clients of the crash test: each connects as one buyer and subscribes to some drops. They
// reconnect after every crash and resume after their last notification.

import { WebSocket } from 'ws';
import type { History, ShownDrop } from './history.ts';

interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly topic?: string;
  readonly dropId?: string;
  readonly version?: number;
  readonly data?: Readonly<Record<string, unknown>>;
}

export class Watcher {
  readonly userId: string;
  readonly #history: History;
  #socket: WebSocket | null = null;
  #lastId = '0';
  #receivedAt = 0;

  constructor(options: { readonly history: History; readonly userId: string }) {
    this.#history = options.history;
    this.userId = options.userId;
  }

  /** The id of the last received notification; `0` for none. */
  get lastId(): string {
    return this.#lastId;
  }

  /** Sends the resume and the subscriptions; resolves when all missed notifications have come. */
  async connect(options: {
    readonly url: string;
    readonly token: string;
    readonly round: number;
    readonly connection: number;
    readonly dropIds: readonly string[];
  }): Promise<void> {
    const { url, token, round, connection, dropIds } = options;
    const address = `${url.replace('http', 'ws')}/v1/notifications`;
    const socket = new WebSocket(address, { headers: { authorization: `Bearer ${token}` } });
    this.#socket = socket;
    // Every error ends in `close`, which a crash of the server causes on purpose.
    socket.on('error', () => socket.terminate());
    const resumed = Promise.withResolvers<void>();
    socket.on('close', () => resumed.reject(new Error('closed before the resume was done')));
    socket.on('message', (bytes: Buffer) => {
      if (this.#socket !== socket) return;
      this.#receivedAt = Date.now();
      const frame = JSON.parse(bytes.toString()) as Frame;
      if (frame.type === 'resumed') resumed.resolve();
      else this.#record(frame, round, connection);
    });
    socket.on('open', () => {
      socket.send(JSON.stringify({ type: 'resume', after: this.#lastId }));
      for (const id of dropIds) {
        socket.send(JSON.stringify({ type: 'subscribe', topic: `drop:${id}` }));
      }
    });
    await resumed.promise;
  }

  get connected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** When the last frame arrived, in milliseconds since the Unix epoch. */
  get receivedAt(): number {
    return this.#receivedAt;
  }

  /** Sends a message on the open connection, such as a ping or a subscription. */
  send(message: Readonly<Record<string, string>>): void {
    this.#socket?.send(JSON.stringify(message));
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null || socket.readyState === WebSocket.CLOSED) return;
    // Errors during the close also end in `close`.
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.terminate();
    await closed;
  }

  #record(frame: Frame, round: number, connection: number): void {
    const { type, id, topic, dropId, version, data } = frame;
    if (type !== 'notification' && !type.startsWith('drop.')) return;
    const where = this.#history.begin(round, `watcher ${this.userId}`, `hears ${type}`);
    this.#history.end(where, 200, '');
    if (type === 'notification') {
      const notice = noticeOf(id!, data!['type'], data!);
      this.#lastId = id!;
      this.#history.liveNotices.push({ where, connection, userId: this.userId, notice });
      return;
    }
    const drop = { ...data, id: dropId, version } as unknown as ShownDrop;
    this.#history.liveDrops.push({ where, connection, type, topic: topic!, drop });
  }
}

export function noticeOf(id: string, type: unknown, data: Readonly<Record<string, unknown>>) {
  const refundRequested = data['refundRequested'] === true;
  return { id, type: String(type), orderId: String(data['orderId']), refundRequested };
}

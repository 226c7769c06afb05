// The creator's followers, each with a WebSocket. They record the frames they receive, so that the
// proof can compare the frames with the sale. The first follower also subscribes to the drop's
// stock.

import { once } from 'node:events';
import { WebSocket } from 'ws';

export interface FollowersOptions {
  /** Such as `ws://127.0.0.1:8080`. */
  readonly url: string;
  /** An access token for each follower. */
  readonly tokens: readonly string[];
  /** Called with each newer state of the drop. */
  readonly onStock: (stock: StockFrame) => void;
}

export interface StockFrame {
  readonly status: string;
  readonly version: number;
  readonly stocked: number;
  readonly held: number;
  readonly sold: number;
  readonly free: number;
}

interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly version?: number;
  readonly data?: Omit<StockFrame, 'version'> & {
    readonly type?: string;
    readonly orderId?: string;
  };
}

interface Follower {
  readonly socket: WebSocket;
  readonly milestones: Set<string>;
  /** Notification id to `type orderId`. */
  readonly notices: Map<string, string>;
}

/** The most connections opened at the same time. */
const CONNECTING_MAX = 50;
const FINDINGS_MAX = 100;

export class Followers {
  readonly findings: string[] = [];
  /** The number of received drop frames of all kinds. */
  frames = 0;
  readonly #options: FollowersOptions;
  readonly #followers: Follower[] = [];
  readonly #receivedCounts = new Map<string, number>();
  #version = 0;

  constructor(options: FollowersOptions) {
    this.#options = options;
  }

  /** Resolves when all followers are connected. */
  async connect(): Promise<void> {
    const { tokens } = this.#options;
    for (let from = 0; from < tokens.length; from += CONNECTING_MAX) {
      const batch = tokens.slice(from, from + CONNECTING_MAX);
      await Promise.all(batch.map((token) => this.#connectOne(token)));
    }
  }

  /** The first follower subscribes to the drop's stock, or as many as are told. */
  watch(dropId: string, count = 1): void {
    const message = JSON.stringify({ type: 'subscribe', topic: `drop:${dropId}` });
    for (const { socket } of this.#followers.slice(0, count)) socket.send(message);
  }

  /** How many followers received this milestone, such as `drop.started`. */
  receivedCount(milestone: string): number {
    return this.#receivedCounts.get(milestone) ?? 0;
  }

  get noticeCount(): number {
    return this.#followers.reduce((sum, { notices }) => sum + notices.size, 0);
  }

  /**
   * True if the follower received this notification, such as `order.confirmed`, about the order.
   */
  hasNotice(follower: number, type: string, orderId: string): boolean {
    const notices = this.#followers[follower]?.notices.values() ?? [];
    return [...notices].includes(`${type} ${orderId}`);
  }

  close(): void {
    for (const { socket } of this.#followers) socket.terminate();
  }

  async #connectOne(token: string): Promise<void> {
    const socket = new WebSocket(`${this.#options.url}/v1/notifications`, {
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false,
    });
    const follower = { socket, milestones: new Set<string>(), notices: new Map<string, string>() };
    this.#followers.push(follower);
    socket.on('message', (bytes: Buffer) => {
      this.#onFrame(follower, JSON.parse(bytes.toString()) as Frame);
    });
    await once(socket, 'open');
    socket.on('error', (error) =>
      this.#addFinding(`a follower's connection failed: ${error.message}`),
    );
  }

  #onFrame(follower: Follower, frame: Frame): void {
    if (frame.type === 'notification') {
      this.#onNotice(follower, frame);
      return;
    }
    if (!frame.type.startsWith('drop.') || frame.data === undefined) return;
    this.frames++;
    this.#onStock({ ...frame.data, version: frame.version ?? 0 });
    if (follower.milestones.has(frame.type)) return;
    follower.milestones.add(frame.type);
    this.#receivedCounts.set(frame.type, this.receivedCount(frame.type) + 1);
  }

  #onNotice(follower: Follower, frame: Frame): void {
    const notice = `${frame.data?.type} ${frame.data?.orderId}`;
    const isDuplicate = [...follower.notices.values()].includes(notice);
    if (isDuplicate) this.#addFinding(`a follower received a notification twice: ${notice}`);
    follower.notices.set(frame.id ?? '', notice);
  }

  #onStock(stock: StockFrame): void {
    const { stocked, held, sold, free } = stock;
    if (free !== stocked - held - sold || free < 0) {
      this.#addFinding(`a frame with stocked ${stocked}, held ${held}, sold ${sold}, free ${free}`);
    }
    if (stock.version <= this.#version) return;
    this.#version = stock.version;
    this.#options.onStock(stock);
  }

  #addFinding(finding: string): void {
    if (this.findings.length < FINDINGS_MAX) this.findings.push(finding);
  }
}

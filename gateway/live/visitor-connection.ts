// A visitor's stream: one drop, no account. It is subscribed by itself and takes nothing but
// `ping`.

import type { RefusalCode } from '../../contracts/refusals.ts';
import { isDropId } from './client-message.ts';
import { type ClientMessage, CLOSE_CODES } from '../../contracts/live.ts';
import { Connection } from './connection.ts';
import type { DropChannel, DropSubscriber } from './drop-channel.ts';
import { subscribedFrame } from './frames.ts';

export class VisitorConnection extends Connection implements DropSubscriber {
  #channel: DropChannel | null = null;

  open(dropId: string): void {
    if (!isDropId(dropId)) return this.#turnAway('not-found', `drop:${dropId}`);
    this.#channel = this.context.dropChannel(dropId);
    this.#channel.join(this);
  }

  dropJoined(channel: DropChannel): void {
    this.socket.subscribe(channel.topic);
    if (this.reply(subscribedFrame(channel.topic))) this.sendSnapshot(channel.snapshot());
  }

  dropRefused(channel: DropChannel, code: RefusalCode): void {
    this.#channel = null;
    this.#turnAway(code, channel.topic);
  }

  protected override handle(message: Exclude<ClientMessage, { type: 'ping' }>): void {
    const detail =
      'This stream shows one drop. Everything else is on /v1/notifications, with an access token.';
    this.refuse({ code: 'forbidden', detail, request: message.type });
  }

  protected override catchUp(): boolean {
    const channel = this.#channel;
    return channel === null || channel.isWaiting(this) || this.sendSnapshot(channel.snapshot());
  }

  protected override detach(): void {
    this.#channel?.leave(this);
    this.#channel = null;
  }

  #turnAway(code: RefusalCode, topic: string): void {
    const gone = code === 'not-found';
    const detail = gone ? 'There is no such drop.' : 'The drop cannot be read just now.';
    this.refuse({ code, detail, topic });
    this.close(gone ? CLOSE_CODES.dropNotFound : CLOSE_CODES.tryAgainLater);
  }
}

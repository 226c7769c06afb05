// A visitor's stream: one drop, without an account. The server subscribes the connection to the
// drop, and the client may only send `ping`.

import type { RefusalCode } from '../../contracts/refusals.ts';
import { isDropId } from './client-message.ts';
import { type ClientMessage, CLOSE_CODES } from '../../contracts/live.ts';
import { Connection } from './connection.ts';
import type { DropChannel, DropSubscriber } from './drop-channel.ts';
import { subscribedFrame } from './frames.ts';

export class VisitorConnection extends Connection implements DropSubscriber {
  #channel: DropChannel | null = null;

  open(dropId: string): void {
    if (!isDropId(dropId)) return this.#refuseAndClose('not-found', `drop:${dropId}`);
    this.#channel = this.context.dropChannel(dropId);
    this.#channel.join(this);
  }

  dropJoined(channel: DropChannel): void {
    this.socket.subscribe(channel.topic);
    const at = this.context.clock.now();
    if (this.reply(subscribedFrame(channel.topic, at))) this.sendSnapshot(channel.snapshot());
  }

  dropRefused(channel: DropChannel, code: RefusalCode): void {
    this.#channel = null;
    this.#refuseAndClose(code, channel.topic);
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

  #refuseAndClose(code: RefusalCode, topic: string): void {
    const notFound = code === 'not-found';
    const detail = notFound ? 'There is no such drop.' : 'The drop cannot be read just now.';
    this.refuse({ code, detail, topic });
    this.close(notFound ? CLOSE_CODES.dropNotFound : CLOSE_CODES.tryAgainLater);
  }
}

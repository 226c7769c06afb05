// What visitors' and users' connections to the live stream have in common: they answer pings, and
// messages that are malformed or too many.

import { type ClientMessage, CLOSE_CODES, type ErrorFrame } from '../../contracts/live.ts';
import { parseClientMessage } from './client-message.ts';
import { errorFrame, pongFrame } from './frames.ts';
import { HubConnection } from './hub-connection.ts';

export abstract class Connection extends HubConnection {
  #malformedInRow = 0;

  /** Answers a well-formed message. */
  protected abstract handle(message: Exclude<ClientMessage, { type: 'ping' }>): void;

  protected override take(message: string): void {
    const parsed = parseClientMessage(message);
    if (!parsed.ok) {
      this.#malformedInRow++;
      const { request, detail } = parsed;
      this.refuse({
        code: 'invalid-request',
        detail,
        ...(request === undefined ? {} : { request }),
      });
      if (this.#malformedInRow >= this.context.bounds.malformedMax)
        this.close(CLOSE_CODES.malformed);
      return;
    }
    this.#malformedInRow = 0;
    if (parsed.message.type === 'ping') this.reply(pongFrame(this.context.clock.now()));
    else this.handle(parsed.message);
  }

  protected override refuseRate(detail: string): void {
    this.refuse({ code: 'rate-limited', detail });
  }

  protected refuse(error: Omit<ErrorFrame, 'type' | 'at'>): void {
    this.reply(errorFrame(error, this.context.clock.now()));
  }
}

// Mail with a span for each message.

import { inSpan } from '../../actors/tracing/open-span.ts';
import { activeTrace } from '../../actors/tracing/active-trace.ts';
import type { Tracing } from '../../actors/tracing/tracing.ts';
import type { Mail, MailSender } from './mail-sender.ts';

export class TracedMailSender implements MailSender {
  readonly #tracing: Tracing;
  readonly #sender: MailSender;

  constructor(options: { readonly tracing: Tracing; readonly sender: MailSender }) {
    this.#tracing = options.tracing;
    this.#sender = options.sender;
  }

  async send(mail: Mail): Promise<void> {
    const { traceparent: parent, orderId } = activeTrace() ?? {};
    await inSpan(this.#tracing, { name: 'mail', kind: 'client', parent, orderId }, () =>
      this.#sender.send(mail),
    );
  }

  stop(): Promise<void> {
    return this.#sender.stop();
  }
}

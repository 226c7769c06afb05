// Mail by SMTP (RFC 5321), through nodemailer. Few connections are kept and used again.

import { createTransport, type Transporter } from 'nodemailer';
import { messageOf } from './mail-message.ts';
import {
  type Mail,
  MAIL_TIMEOUT_MS,
  MailDeferredError,
  MailRefusedError,
  type MailSender,
} from './mail-sender.ts';

const CONNECTIONS_MAX = 2;
const MESSAGES_PER_CONNECTION_MAX = 100;
/** Of the connection, the greeting and each answer. */
const STEP_TIMEOUT_MS = MAIL_TIMEOUT_MS / 3;

export interface SmtpMailSenderOptions {
  /**
   * `smtp://user:password@host:port` (STARTTLS where the server offers it) or `smtps://`. Its query
   * has nodemailer's settings, such as `requireTLS=true`.
   */
  readonly url: string;
  readonly from: string;
  /** PEM of who may have signed the server's certificate, for tests. */
  readonly ca?: string;
}

export class SmtpMailSender implements MailSender {
  readonly #from: string;
  readonly #transport: Transporter;

  constructor({ url, from, ca }: SmtpMailSenderOptions) {
    this.#from = from;
    this.#transport = createTransport({
      url,
      pool: true,
      maxConnections: CONNECTIONS_MAX,
      maxMessages: MESSAGES_PER_CONNECTION_MAX,
      connectionTimeout: STEP_TIMEOUT_MS,
      greetingTimeout: STEP_TIMEOUT_MS,
      socketTimeout: STEP_TIMEOUT_MS,
      ...(ca !== undefined && { tls: { ca } }),
    });
  }

  async send(mail: Mail): Promise<void> {
    try {
      await this.#transport.sendMail(messageOf(mail, this.#from));
    } catch (error) {
      throw faultOf(error);
    }
  }

  /** Connects and logs in. Rejects with why that is not possible. */
  async check(): Promise<void> {
    await this.#transport.verify();
  }

  async stop(): Promise<void> {
    this.#transport.close();
  }
}

/** About the server (RFC 5321, 3.8); other replies 4xx are about one mail. */
const SERVICE_CLOSES = 421;

/**
 * Replies 5xx are for good, and 4xx for now (RFC 5321, 4.2.1), but for those about the log-in: then
 * the settings are wrong, and the next attempt may find them mended.
 */
function faultOf(error: unknown): unknown {
  const { responseCode, code } = error as { responseCode?: unknown; code?: unknown };
  if (code === 'EAUTH' || typeof responseCode !== 'number') return error;
  if (responseCode >= 500 && responseCode < 600)
    return new MailRefusedError('the mail was refused', { cause: error });
  if (responseCode >= 400 && responseCode < 500 && responseCode !== SERVICE_CLOSES)
    return new MailDeferredError('the mail was put off', { cause: error });
  return error;
}

// The port of mail (R4): one message to one address. SMTP and a folder are its drivers.

export interface Mail {
  /** Made from it: the Message-ID, so that a message that is sent twice is known as one. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** BCP 47. */
  readonly language: string;
  /** Where one POST ends such mails (RFC 8058); absent where they are none of a list. */
  readonly unsubscribeUrl?: string;
}

export interface MailSender {
  /**
   * Resolves when the message was taken, and is not this process's to send any more. Ends within
   * `MAIL_TIMEOUT_MS`. Errors: `MailRefusedError` where trying again cannot help;
   * `MailDeferredError`; any error but the first is worth another attempt, and the message may have
   * been taken.
   */
  send(mail: Mail): Promise<void>;
  stop(): Promise<void>;
}

export const MAIL_TIMEOUT_MS = 30_000;

/** The server refused the recipient or the message for good (SMTP 5xx). */
export class MailRefusedError extends Error {
  readonly code = 'mail-refused';
}

/**
 * The server does not take this recipient or message now (SMTP 4xx), which says nothing of others.
 */
export class MailDeferredError extends Error {
  readonly code = 'mail-deferred';
}

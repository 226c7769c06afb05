// A real SMTP server that takes mails for tests, or refuses them as it is told.

import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface TakenMail {
  readonly to: string;
  readonly from: string;
  /** Decoded. */
  readonly subject: string;
  /** As it came, with its headers. */
  readonly raw: string;
  /** Both parts, decoded. */
  readonly body: string;
  readonly isSecure: boolean;
}

const WAIT_MAX_MS = 45_000;

export class MailServer {
  readonly mails: TakenMail[] = [];
  /** For each attempt, the next one: an SMTP code to refuse with, or `drop` the connection. */
  readonly troubles: (number | 'drop')[] = [];
  attempts = 0;
  readonly #server: SMTPServer;
  #wake: () => void = () => undefined;
  port = 0;

  constructor(options: SMTPServerOptions = {}) {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: options.cert === undefined ? ['STARTTLS', 'AUTH'] : ['AUTH'],
      logger: false,
      closeTimeout: 100,
      ...options,
      onRcptTo: ({ address }, _session, done) => {
        const refused = address.startsWith('refused');
        done(refused ? coded(550, 'No such mailbox.') : undefined);
      },
      onData: (stream, session, done) => {
        this.attempts += 1;
        const trouble = this.troubles.shift();
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          if (trouble === 'drop') {
            // As a server that dies: neither an answer nor a farewell.
            for (const one of this.#server.connections) one._socket.destroy();
            return done(coded(451, 'gone'));
          }
          if (trouble !== undefined) return done(coded(trouble, 'Not now.'));
          this.#take(Buffer.concat(chunks), session.envelope, session.secure);
          done();
        });
      },
    });
    // A client that goes away in the middle.
    this.#server.on('error', () => undefined);
  }

  static async start(options: SMTPServerOptions = {}): Promise<MailServer> {
    const server = new MailServer(options);
    await server.listen();
    return server;
  }

  async listen(port = 0): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', () => resolve()));
    this.port = (this.#server.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** The first mail to the address with such a subject, also in future. Takes it out. */
  async next(to: string, subject: RegExp = /./): Promise<TakenMail> {
    const timeout = setTimeout(() => this.#wake(), WAIT_MAX_MS);
    const began = performance.now();
    try {
      for (;;) {
        const index = this.mails.findIndex((mail) => mail.to === to && subject.test(mail.subject));
        if (index >= 0) return this.mails.splice(index, 1)[0]!;
        if (performance.now() - began >= WAIT_MAX_MS)
          throw new Error(`no mail to ${to}; to ${this.mails.map((mail) => mail.to).join(', ')}`);
        await new Promise<void>((resolve) => {
          const before = this.#wake;
          this.#wake = () => {
            before();
            resolve();
          };
        });
      }
    } finally {
      clearTimeout(timeout);
    }
  }

  #take(
    bytes: Buffer,
    envelope: { mailFrom: false | { address: string }; rcptTo: { address: string }[] },
    isSecure: boolean,
  ): void {
    const raw = bytes.toString();
    const subject = decodedWords(/^Subject: (.*(?:\r\n[ \t].*)*)/m.exec(raw)?.[1] ?? '');
    const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
    const body = quotedPrintable(raw);
    for (const { address } of envelope.rcptTo)
      this.mails.push({ to: address, from, subject, raw, body, isSecure });
    this.#wake();
  }
}

/** The token of the link in a mail. */
export function linkTokenOf({ body }: TakenMail): string {
  return /#token=([!-~]+)/.exec(body)?.[1] ?? '';
}

function coded(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}

function quotedPrintable(text: string): string {
  const joined = text.replaceAll(/=\r\n/g, '');
  const bytes = joined.replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString();
}

/** RFC 2047. */
function decodedWords(text: string): string {
  return text
    .replaceAll(/\r\n[ \t]/g, '')
    .replaceAll(/=\?UTF-8\?([BQ])\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
      kind.toUpperCase() === 'B'
        ? Buffer.from(word, 'base64').toString()
        : quotedPrintable(word.replaceAll('_', ' ')),
    );
}

// Mail as files in a folder (`.eml`, RFC 5322), for development and for those who send it
// themselves. The newest ones stay.

import { mkdir, readdir, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { messageOf } from './mail-message.ts';
import type { Mail, MailSender } from './mail-sender.ts';

/** Past it the oldest files are removed. */
const FILES_MAX = 1_000;
const ENDING = '.eml';

export interface FolderMailSenderOptions {
  /** Created with the first mail. */
  readonly folder: string;
  readonly from: string;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly filesMax?: number;
}

export class FolderMailSender implements MailSender {
  readonly #options: FolderMailSenderOptions;
  readonly #transport = createTransport({ streamTransport: true, buffer: true });

  constructor(options: FolderMailSenderOptions) {
    this.#options = options;
  }

  /** The same mail again replaces its file. Errors: those of the file system. */
  async send(mail: Mail): Promise<void> {
    const { folder, from, now, filesMax = FILES_MAX } = this.#options;
    const { message } = await this.#transport.sendMail(messageOf(mail, from));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const present = (await readdir(folder)).filter((name) => name.endsWith(ENDING)).toSorted();
    const suffix = `-${mail.id}${ENDING}`;
    const name = present.find((each) => each.endsWith(suffix)) ?? `${now()}${suffix}`;
    const half = join(folder, `${name}.tmp`);
    await writeFile(half, message as Buffer, { mode: 0o600 });
    await rename(half, join(folder, name));
    for (const old of present.slice(0, Math.max(0, present.length + 1 - filesMax)))
      await unlink(join(folder, old)).catch(() => undefined);
  }

  async stop(): Promise<void> {}
}

// The whole contents of one Redis server as of one moment, as a stream: what a replica gets when it
// connects (the command SYNC), in Redis's own file format (RDB). Redis forks for it and serves
// everybody meanwhile. Nothing of it is held in memory here.

import { createWriteStream } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { connect as connectTls } from 'node:tls';
import { StoreUnavailableError } from '../../ports/journal.ts';

/** Redis sends line ends while it prepares, so silence means that it is gone. */
const SILENCE_MAX_MS = 60_000;
const HEAD_BYTES_MAX = 1024;
const NEWLINE = 10;

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly tls: boolean;
}

/**
 * Writes the contents to a new file, which is durable when this resolves. Errors:
 * `store-unavailable`.
 */
export async function saveServer(address: ServerAddress, file: string): Promise<void> {
  const { host, port, tls, username, password } = address;
  const socket: Socket = tls ? connectTls({ host, port }) : connect({ host, port });
  socket.setTimeout(SILENCE_MAX_MS, () => socket.destroy(new Error('no answer')));
  try {
    const contents = new Contents(password === undefined);
    contents.once('whole', () => socket.end());
    if (password === undefined) {
      socket.write(command('SYNC'));
    } else {
      // Redis refuses SYNC before the answer to AUTH is sent.
      contents.once('authenticated', () => socket.write(command('SYNC')));
      socket.write(command('AUTH', ...(username === undefined ? [] : [username]), password));
    }
    await pipeline(
      socket,
      contents,
      createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true }),
    );
    if (!contents.isWhole) throw new Error('the connection ended too early');
  } catch (error) {
    throw new StoreUnavailableError(`${host}:${port} was not copied: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    socket.destroy();
  }
}

function command(...words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join('')}`;
}

/** Passes the bytes of the file on: what comes before is answers, and behind it is replication. */
class Contents extends Transform {
  #authenticated: boolean;
  #head = '';
  /** Bytes of the file that are still to come; null before its length is known. */
  #left: number | null = null;

  /** `authenticated`: false where an answer to AUTH comes before the file. */
  constructor(authenticated: boolean) {
    super();
    this.#authenticated = authenticated;
  }

  get isWhole(): boolean {
    return this.#left === 0;
  }

  override _transform(chunk: Buffer, _encoding: unknown, done: TransformCallback): void {
    let at = 0;
    try {
      while (this.#left === null && at < chunk.length) {
        const byte = chunk[at++]!;
        if (byte === NEWLINE) this.#line();
        else this.#head += String.fromCharCode(byte);
        if (this.#head.length > HEAD_BYTES_MAX) throw new Error('the answer is no file');
      }
    } catch (error) {
      done(error as Error);
      return;
    }
    if (this.#left === null || this.#left === 0) return done();
    const bytes = chunk.subarray(at, at + this.#left);
    this.#left -= bytes.length;
    this.push(bytes);
    if (this.#left === 0) {
      this.push(null);
      this.emit('whole');
    }
    done();
  }

  #line(): void {
    const line = this.#head.trim();
    this.#head = '';
    if (line === '') return;
    if (line.startsWith('-')) throw new Error(line.slice(1));
    if (!this.#authenticated) {
      this.#authenticated = true;
      this.emit('authenticated');
      return;
    }
    if (!/^\$\d+$/.test(line)) throw new Error(`the answer is no file: ${line}`);
    this.#left = Number(line.slice(1));
  }
}

// A server that delivers media from a folder, for tests that speak HTTP to it.

import { createServer, request, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pino } from 'pino';
import { systemClock } from '../../actors/clock.ts';
import { Delivery, type DeliveryOptions } from '../../media/delivery/delivery.ts';
import { UrlSigner } from '../../media/delivery/signed-urls.ts';
import { type MadeVariant, variantKey } from '../../media/variants/recipes.ts';
import { problem, problemBody, problemStatus } from '../../gateway/http/problems.ts';
import { FolderBlobs } from '../../storage/blobs/blobs-folder.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export class DeliveryFixture {
  readonly folder = temporaryDirectory();
  readonly blobs = new FolderBlobs({ folder: this.folder, create: true });
  readonly signer = new UrlSigner([{ id: 'k1', secret: Buffer.alloc(32, 1) }]);
  readonly privates = new Set<string>();
  readonly delivery: Delivery;
  /** Requests that reached this server. */
  requests: IncomingHttpHeaders[] = [];
  now = Date.now();
  #server: Server;

  constructor(options: Partial<DeliveryOptions> = {}) {
    this.delivery = new Delivery({
      blobs: this.blobs,
      privacy: {
        isPrivate: async (sha256) => this.privates.has(sha256),
        signer: this.signer,
      },
      mode: 'stream',
      problem: (code, detail) => {
        const refused = problem(code, detail);
        return { status: problemStatus(refused), body: problemBody(refused) };
      },
      clientOf: ({ socket }) => socket.remoteAddress!,
      clock: { ...systemClock, now: () => this.now },
      log: pino({ level: 'silent' }),
      ...options,
    });
    this.#server = createServer((received, response) => {
      this.requests.push(received.headers);
      void this.delivery.handle(received, response).then((handled) => {
        if (!handled) response.writeHead(404).end('not media');
      });
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Its path. */
  async put(
    sha256: string,
    variant: Pick<MadeVariant, 'name' | 'extension'>,
    content: Buffer,
  ): Promise<string> {
    const body = Readable.from([content]);
    await this.blobs.put(variantKey(sha256, variant), body, { bytesMax: content.length });
    return `/m/${sha256}/${variant.name}.${variant.extension}`;
  }

  /** `get` of the path as it is, on a connection of its own. */
  async ask(
    path: string,
    headers: Record<string, string> = {},
    method = 'GET',
    port = this.port,
  ): Promise<Reply> {
    return await new Promise((resolve, reject) => {
      const asked = request({ port, host: '127.0.0.1', path, method, headers, agent: false });
      asked.on('error', reject).on('response', (response) => {
        const chunks: Buffer[] = [];
        response
          .on('error', reject)
          .on('data', (chunk: Buffer) => chunks.push(chunk))
          .on('end', () =>
            resolve({
              status: response.statusCode!,
              headers: response.headers,
              body: Buffer.concat(chunks),
            }),
          );
      });
      asked.end();
    });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    removeDirectory(this.folder);
  }
}

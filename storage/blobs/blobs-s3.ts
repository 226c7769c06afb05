// Blobs in a bucket of S3 or a server that speaks its protocol. The bucket stays private: nothing
// here grants access to others, except for a while by presigned URLs. A small blob is one request,
// which is tried again where it failed; a larger one goes in parts, and is there when all are.

import { createHash } from 'node:crypto';
import { Readable, Transform } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListObjectsV2Command,
  type PutObjectCommandInput,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { assert } from '../../domain/assert.ts';
import {
  BLOB_KEY,
  BLOBS_PER_PAGE,
  BlobTooLargeError,
  type Blobs,
  type ByteRange,
  checkRange,
  type PutBlob,
  type ReadBlob,
  type SmallBlob,
  type StoredBlob,
  type WrittenBlob,
} from '../ports/blobs.ts';
import { ConflictError, StoreUnavailableError } from '../ports/journal.ts';

/** S3 takes no smaller ones but the last, and at most 10,000: blobs of up to 78 GiB. */
const PART_BYTES = 8 * 1024 * 1024;
/** Of one blob on their way at once; each is in memory. */
const PARTS_AT_ONCE = 2;
const ATTEMPTS_MAX = 4;
const CONNECT_TIMEOUT_MS = 3_000;
/** Without a byte from the bucket. */
const IDLE_TIMEOUT_MS = 15_000;
/**
 * Connections to the bucket. Reads have their own, which last as long as who reads them: those who
 * read slowly do not hold up uploads.
 */
const CONNECTIONS_MAX = 256;
/** More than readers are let in at once (`media/delivery/delivery.ts`). */
const READ_CONNECTIONS_MAX = 1_024;
/** How S3 says that a conditional write came second. */
const TAKEN = new Set(['PreconditionFailed', 'ConditionalRequestConflict']);

export interface S3BlobsOptions {
  readonly bucket: string;
  /** Null: that of AWS for the region. */
  readonly endpoint: string | null;
  readonly region: string;
  /** Null: where the SDK finds them, such as the role of the machine. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null;
  readonly connectionsMax?: number;
  readonly readConnectionsMax?: number;
}

export class S3Blobs implements Blobs {
  readonly #bucket: string;
  readonly #client: S3Client;
  /** For bodies of blobs. */
  readonly #reader: S3Client;
  readonly name: string;

  constructor({ bucket, endpoint, region, credentials, ...bounds }: S3BlobsOptions) {
    this.#bucket = bucket;
    this.name = `s3://${bucket}`;
    const clientOf = (maxSockets: number) =>
      new S3Client({
        region,
        ...(credentials === null ? {} : { credentials }),
        // Servers other than that of AWS have one host for all buckets.
        ...(endpoint === null ? {} : { endpoint, forcePathStyle: true }),
        maxAttempts: ATTEMPTS_MAX,
        // Not every server knows the checksums that the SDK would add. Each request is signed with
        // the digest of its body as it is.
        requestChecksumCalculation: 'WHEN_REQUIRED',
        responseChecksumValidation: 'WHEN_REQUIRED',
        requestHandler: {
          connectionTimeout: CONNECT_TIMEOUT_MS,
          socketTimeout: IDLE_TIMEOUT_MS,
          httpAgent: { maxSockets },
          httpsAgent: { maxSockets },
        },
      });
    this.#client = clientOf(bounds.connectionsMax ?? CONNECTIONS_MAX);
    this.#reader = clientOf(bounds.readConnectionsMax ?? READ_CONNECTIONS_MAX);
  }

  async put(
    key: string,
    body: AsyncIterable<Uint8Array>,
    { type, bytesMax }: PutBlob,
  ): Promise<WrittenBlob> {
    // A bucket that does not know conditional writes would pass over `IfNoneMatch`.
    if ((await this.head(key)) !== null) throw new ConflictError(`${key} is there already`);
    const hash = createHash('sha256');
    let bytes = 0;
    let failure: Error | null = null;
    async function* counted(): AsyncGenerator<Uint8Array> {
      try {
        for await (const chunk of body) {
          bytes += chunk.length;
          if (bytes > bytesMax) throw new BlobTooLargeError(`more than ${bytesMax} bytes`);
          hash.update(chunk);
          yield chunk;
        }
      } catch (error) {
        failure = error as Error;
        throw error;
      }
    }
    const params: PutObjectCommandInput = {
      Bucket: this.#bucket,
      Key: key,
      Body: Readable.from(counted(), { objectMode: false }),
      IfNoneMatch: '*',
      ...(type === undefined ? {} : { ContentType: type }),
    };
    const upload = new Upload({
      client: this.#client,
      params,
      partSize: PART_BYTES,
      queueSize: PARTS_AT_ONCE,
    });
    try {
      await upload.done();
    } catch (error) {
      if (failure !== null) throw failure as Error;
      if (error instanceof S3ServiceException && TAKEN.has(error.name))
        throw new ConflictError(`${key} is there already`);
      throw this.#unavailable(error as Error);
    }
    return { bytes, sha256: hash.digest('hex') };
  }

  async putSmall(blobs: readonly SmallBlob[]): Promise<readonly string[]> {
    const taken: string[] = [];
    for (const { key, bytes } of blobs) {
      try {
        await this.put(key, Readable.from([bytes]), { bytesMax: bytes.length });
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
        taken.push(key);
      }
    }
    return taken;
  }

  async get(key: string, range?: ByteRange): Promise<ReadBlob | null> {
    if (range !== undefined && !(range.first >= 0 && range.first <= range.last))
      checkRange(key, 0, range);
    const found = await this.#unlessMissing(key, (Key) =>
      this.#reader.send(
        new GetObjectCommand({
          Bucket: this.#bucket,
          Key,
          ...(range === undefined ? {} : { Range: `bytes=${range.first}-${range.last}` }),
        }),
      ),
    );
    if (found === null) return null;
    const body = found.Body as Readable;
    const total = /\/(\d+)$/.exec(found.ContentRange ?? '')?.[1];
    const bytes = Number(range === undefined ? found.ContentLength : total);
    try {
      if (!Number.isSafeInteger(bytes))
        throw this.#unavailable(new Error(`its answer to a read of ${key} has no length`));
      checkRange(key, bytes, range);
      if (range !== undefined && found.ContentLength !== range.last - range.first + 1)
        throw this.#unavailable(new Error(`it gave other bytes of ${key} than those asked for`));
    } catch (error) {
      body.destroy();
      throw error;
    }
    return { bytes, body: this.#failing(body) };
  }

  async head(key: string): Promise<StoredBlob | null> {
    const found = await this.#unlessMissing(key, (Key) =>
      this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key })),
    );
    if (found === null) return null;
    const writtenAt = found.LastModified?.getTime() ?? 0;
    return { key, bytes: found.ContentLength ?? 0, writtenAt };
  }

  async delete(key: string): Promise<void> {
    await this.#unlessMissing(key, (Key) =>
      this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key })),
    );
  }

  async list(prefix: string, after?: string): Promise<readonly StoredBlob[]> {
    assert(prefix === '' || (prefix.endsWith('/') && BLOB_KEY.test(prefix.slice(0, -1))), prefix);
    const { Contents: contents = [] } = await this.#run(() =>
      this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: prefix,
          MaxKeys: BLOBS_PER_PAGE,
          ...(after === undefined ? {} : { StartAfter: after }),
        }),
      ),
    );
    return contents.map(({ Key = '', Size = 0, LastModified }) => ({
      key: Key,
      bytes: Size,
      writtenAt: LastModified?.getTime() ?? 0,
    }));
  }

  async removeUnfinished(before: number): Promise<void> {
    const Bucket = this.#bucket;
    let after: { KeyMarker?: string; UploadIdMarker?: string } | null = {};
    while (after !== null) {
      const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
        Bucket,
        ...after,
      });
      const page: Partial<ListMultipartUploadsCommandOutput> = await this.#run(() =>
        this.#client.send(command).catch(ifNotImplemented({})),
      );
      for (const { Key, UploadId, Initiated } of page.Uploads ?? [])
        if (Initiated !== undefined && Initiated.getTime() < before) {
          const abort = new AbortMultipartUploadCommand({ Bucket, Key, UploadId });
          await this.#run(() => this.#client.send(abort));
        }
      const { IsTruncated, NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
      after =
        IsTruncated === true ? { KeyMarker: KeyMarker!, UploadIdMarker: UploadIdMarker! } : null;
    }
  }

  async presignedUrl(key: string, seconds: number): Promise<string> {
    const command = new GetObjectCommand({ Bucket: this.#bucket, Key: keyOf(key) });
    return await this.#run(() => getSignedUrl(this.#client, command, { expiresIn: seconds }));
  }

  /** A download that breaks off fails with the port's error. */
  #failing(body: Readable): Readable {
    const passed = new Transform({
      transform(chunk, _encoding, done) {
        done(null, chunk);
      },
    });
    body.once('error', (error) => passed.destroy(this.#unavailable(error)));
    passed.once('close', () => body.destroy());
    return body.pipe(passed);
  }

  async #unlessMissing<T>(key: string, request: (key: string) => Promise<T>): Promise<T | null> {
    const checked = keyOf(key);
    return await this.#run(async () => {
      try {
        return await request(checked);
      } catch (error) {
        if (!(error instanceof S3ServiceException)) throw error;
        if (error.name === 'NoSuchKey' || error.name === 'NotFound') return null;
        if (error.name === 'InvalidRange') throw new RangeError(`${key} has no such bytes`);
        throw error;
      }
    });
  }

  #unavailable(error: Error): StoreUnavailableError {
    const message = `the bucket ${this.#bucket}: ${error.name}: ${error.message}`;
    return new StoreUnavailableError(message, { cause: error });
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof RangeError) throw error;
      throw this.#unavailable(error as Error);
    }
  }
}

/** A server that cannot list unfinished uploads removes them by a rule of its own. */
function ifNotImplemented<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof S3ServiceException && error.name === 'NotImplemented') return value;
    throw error;
  };
}

function keyOf(key: string): string {
  assert(BLOB_KEY.test(key), `${key} is no key of a blob`);
  return key;
}

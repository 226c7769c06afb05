// A bucket on this machine, in a server that speaks S3's protocol.

import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { S3BlobsOptions } from '../../storage/blobs/blobs-s3.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

interface S3Server {
  run(): Promise<AddressInfo>;
  close(): Promise<void>;
}
type S3ServerClass = new (options: {
  address: string;
  port: number;
  silent: boolean;
  allowMismatchedSignatures: boolean;
  directory: string;
  configureBuckets: { name: string }[];
}) => S3Server;

export interface Bucket {
  readonly options: S3BlobsOptions;
  stop(): Promise<void>;
}

export async function startBucket(port = 0, directory = temporaryDirectory()): Promise<Bucket> {
  const server = createRequire(import.meta.url)('@20minutes/s3rver') as S3ServerClass;
  const running = new server({
    address: '127.0.0.1',
    port,
    silent: true,
    // It signs the path of a bucket with a slash at its end, which the SDK does not send.
    allowMismatchedSignatures: true,
    directory,
    configureBuckets: [{ name: 'media' }],
  });
  const { port: used } = await running.run();
  return {
    options: {
      bucket: 'media',
      endpoint: `http://127.0.0.1:${used}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    },
    async stop() {
      await running.close();
      removeDirectory(directory);
    },
  };
}

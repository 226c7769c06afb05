// Gathers the rows of an append by the bucket of their users: one script call for each bucket that is touched.

import { BUCKETS, bucketOf, feedPositionsKey } from './user-buckets.ts';

export interface BucketCall {
  readonly bucket: number;
  readonly keys: string[];
  /** Shard, sequence and number of rows, in turns. */
  readonly batches: number[];
  readonly rows: (string | number)[];
  /** Where each row stands in the append. */
  readonly places: number[];
}

export class BucketCalls {
  readonly all: BucketCall[] = [];
  readonly #byBucket = new Array<BucketCall | undefined>(BUCKETS).fill(undefined);

  /** The call that a row of the user goes into, which counts it to its batch. Batches come one after the other. */
  for(userId: string, shard: number, sequence: number): BucketCall {
    const bucket = bucketOf(userId);
    let call = this.#byBucket[bucket];
    if (call === undefined) {
      call = { bucket, keys: [feedPositionsKey(bucket)], batches: [], rows: [], places: [] };
      this.#byBucket[bucket] = call;
      this.all.push(call);
    }
    const { batches } = call;
    const last = batches.length - 1;
    if (batches[last - 1] === sequence && batches[last - 2] === shard) batches[last]! += 1;
    else batches.push(shard, sequence, 1);
    return call;
  }
}

// The consumer positions port: the position in each shard's journal of a consumer without rows of
// its own, such as the consumer that calls the payment provider. A consumer with rows stores its
// position in the same step as the rows (`storage/ports/projection.ts`).

export interface ShardPosition {
  readonly shard: number;
  readonly sequence: number;
}

export interface ConsumerPositions {
  /** The stored sequence; 0 without one. Errors: `store-unavailable`. */
  load(consumer: string, shard: number): Promise<number>;
  /**
   * Stores all positions in one atomic, durable step. A position never goes back: one below the
   * stored position changes nothing. Errors: `store-unavailable`.
   */
  save(consumer: string, positions: readonly ShardPosition[]): Promise<void>;
  /** As `save`, but positions may go back. Errors: `store-unavailable`. */
  replace(consumer: string, positions: readonly ShardPosition[]): Promise<void>;
}

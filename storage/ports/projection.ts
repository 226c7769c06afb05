// The common part of the ports that the relay fills. A projection stores its position in each
// shard's journal, never ahead of its rows. It ignores a batch at or below that position, so a
// repeated delivery stores each row once (N11).

export interface ProjectionBatch<Row> {
  readonly shard: number;
  /** The journal sequence of these rows; the batches of a shard come in rising order. */
  readonly sequence: number;
  readonly rows: readonly Row[];
}

export interface Projection {
  /** The last journal sequence of the shard that the projection contains; 0 for none. */
  position(shard: number): Promise<number>;
}

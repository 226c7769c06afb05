// The consumer leases port: which process runs a consumer that one of several could run.

export interface ConsumerLeases {
  /**
   * True where `holder` has the lease of the consumer for the next `ms` milliseconds, from some
   * moment during this call: it had it already, or nobody did. Errors: `store-unavailable`.
   */
  hold(consumer: string, holder: string, ms: number): Promise<boolean>;
  /** Gives the lease back, where `holder` has it. Errors: `store-unavailable`. */
  release(consumer: string, holder: string): Promise<void>;
}

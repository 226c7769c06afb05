// The order-details port: the details of orders, encrypted, and the key of each buyer, wrapped. The
// store sees neither details nor keys in the clear. Erasing a buyer removes the key first: from
// then on nobody can read what is left of the buyer's rows, in a copy either.

/** The key that one buyer's details are encrypted with, encrypted itself. */
export interface BuyerKey {
  /** Another one after an erasure. */
  readonly id: string;
  /** Of the server's secret that the key is wrapped with. */
  readonly secretId: string;
  readonly wrapped: Uint8Array;
}

export interface SealedDetails {
  readonly orderId: string;
  readonly userId: string;
  /** Of the buyer's key. */
  readonly keyId: string;
  readonly bytes: Uint8Array;
}

/** All methods are durable when they resolve. Errors of all: `store-unavailable`. */
export interface OrderDetailsStore {
  findKey(userId: string): Promise<BuyerKey | null>;
  /** Adds a key where the buyer has none, in one atomic step; resolves to the stored one. */
  addKey(userId: string, key: BuyerKey): Promise<BuyerKey>;
  /** Replaces the wrapping of the key with this id; nothing where the buyer has another or none. */
  rewrapKey(userId: string, key: BuyerKey): Promise<void>;
  /**
   * Stores or replaces the details of an order. False where the buyer's key is not this one any
   * more: the caller encrypts with the present one.
   */
  put(details: SealedDetails): Promise<boolean>;
  /** In the order of the ids. */
  find(orderIds: readonly string[]): Promise<(SealedDetails | null)[]>;
  remove(details: Pick<SealedDetails, 'orderId' | 'userId'>): Promise<void>;
  /** Removes the key, then the rows. After a crash in between the same call removes the rest. */
  erase(userId: string): Promise<void>;
}

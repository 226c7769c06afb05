// The export `create` of an off-loop consumer's module. The module is imported and `create` called
// in the consumer's own thread, where no object of the main thread is available.

import type { ConsumerPositions } from '../../storage/ports/consumer-positions.ts';
import type { ChangeConsumer } from '../changes/change-consumer.ts';
import type { EventConsumer } from '../consumer.ts';

/** For a consumer of the journals. `options` is the plain data in the consumer's list entry. */
export type CreateConsumer = (context: {
  readonly options: unknown;
  readonly positions: ConsumerPositions;
  /**
   * Tells the process's main thread, which answers as `OffLoopThreadsOptions.answers` has it.
   * Errors: `store-unavailable`, whatever failed there.
   */
  readonly tell: (message: unknown) => Promise<void>;
}) => EventConsumer | Promise<EventConsumer>;

/** For a consumer of the change stream. */
export type CreateChangeConsumer = (context: {
  readonly options: unknown;
}) => ChangeConsumer | Promise<ChangeConsumer>;

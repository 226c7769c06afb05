// What the module of a consumer off the loop exports as `create`: it is imported and called in the
// consumer's own thread, so nothing of the main thread is at hand there.

import type { ConsumerPositions } from '../../storage/ports/consumer-positions.ts';
import type { ChangeConsumer } from '../changes/change-consumer.ts';
import type { EventConsumer } from '../consumer.ts';

/** Of one that reads the journals. `options` are the plain data that its row in the list has. */
export type CreateConsumer = (context: {
  readonly options: unknown;
  readonly positions: ConsumerPositions;
}) => EventConsumer | Promise<EventConsumer>;

/** Of one that reads the change stream. */
export type CreateChangeConsumer = (context: {
  readonly options: unknown;
}) => ChangeConsumer | Promise<ChangeConsumer>;

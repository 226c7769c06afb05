// The module of the consumer that finds news (events/reach/news-consumer.ts), with a connection of
// its own to where users are reached.

import type { CreateConsumer } from '../events/off-loop/create-consumer.ts';
import { newsConsumer } from '../events/reach/news-consumer.ts';
import type { Config } from './config.ts';
import { createLog } from './log.ts';
import { openChanges } from './off-loop-parts.ts';

export const create: CreateConsumer = async ({ options, positions, tell }) => {
  const { config } = options as { readonly config: Config };
  const reader = await openChanges(config, 'news-recipients', createLog(config));
  const { recipients } = reader;
  const consumer = newsConsumer({ positions, recipients, tell, now: () => Date.now() });
  return Object.assign(consumer, { close: () => reader.close() });
};

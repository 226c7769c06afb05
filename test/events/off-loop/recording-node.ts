// A node with recording consumers, as a program: `recording-node.ts <their options, as JSON>`. The
// settings are those of every node.

import { loadConfig } from '../../../composition/config.ts';
import { startServer } from '../../../composition/server.ts';
import type { RecordingOptions } from './recording-consumer.ts';

const module = new URL('recording-consumer.ts', import.meta.url).href;
const recordings = JSON.parse(process.argv[2]!) as RecordingOptions[];
const row = { reads: 'events', module } as const;
const consumers = recordings.map((options) => ({ ...row, name: options.name, options }));
const server = await startServer(loadConfig(), () => undefined, consumers);
process.stdout.write(`LiveDrops ready on ${server.url}\n`);
process.once('SIGTERM', () => void server.stop().then(() => process.exit()));

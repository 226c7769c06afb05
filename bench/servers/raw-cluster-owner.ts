// The owner of the cluster floor. It appends the bytes of each message to a stream as they are, and
// replies when they are on Redis's disk. One append is in flight, and the messages that come
// meanwhile are the next one. Usage: raw-cluster-owner.ts REDIS_PORT NATS_URL

import { Redis } from 'ioredis';
import { connect, type Msg } from 'nats';
import { ORDERS_SUBJECT } from './order-server.ts';

const [redisPort, natsUrl] = process.argv.slice(2);
const redis = new Redis(Number(redisPort));
const nats = await connect({ servers: natsUrl });
let waiting: Msg[] = [];
let isAppending = false;

async function append(): Promise<void> {
  while (waiting.length > 0) {
    const messages = waiting;
    waiting = [];
    await redis.xadd('log', '*', 'e', Buffer.concat(messages.map(({ data }) => data)));
    for (const message of messages) message.respond();
  }
  isAppending = false;
}

nats.subscribe(ORDERS_SUBJECT, {
  callback(error, message) {
    if (error !== null) throw error;
    waiting.push(message);
    if (isAppending) return;
    isAppending = true;
    setImmediate(() => void append());
  },
});
await nats.flush();
process.stdout.write('ready\n');

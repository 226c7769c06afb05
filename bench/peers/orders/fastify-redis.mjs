// Peer: Fastify and one Redis.
// Usage: fastify-redis.mjs SOCKET, with AUTH_SECRET in the environment.

import { fastifyApp, listen } from './fastify-app.mjs';
import { redisStore } from './redis-store.mjs';

const store = redisStore(process.argv[2]);
await listen(fastifyApp({ store, secret: process.env.AUTH_SECRET }));

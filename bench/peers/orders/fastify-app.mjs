// The HTTP half of the two peers on Fastify: tokens verified once and remembered, requests checked
// and answers written by functions that Fastify compiles from schemas. Where drops are kept is the
// store's business.

import { randomBytes } from 'node:crypto';
import Fastify from 'fastify';
import { createVerifier } from 'fast-jwt';
import { PROBLEM_MEDIA_TYPE, problemOf } from './problems.mjs';

/**
 * @typedef {{ stock: number, unitAmount: number, currency: string, limitPerUser: number }} Terms
 * @typedef {{ dropId: string, userId: string, key: string, quantity: number }} Wish
 * @typedef {{ id: string, dropId: string, userId: string, quantity: number, status: string,
 *   totalAmount: number, currency: string, createdAt: string, version: number }} Order
 * @typedef {{ order: Order, replayed: boolean } | { refusal: string }} Outcome
 * @typedef {object} Store
 * @property {(dropId: string, terms: Terms) => Promise<void>} createDrop
 * @property {(wish: Wish) => Promise<Outcome>} order Resolves when the order is on the disk. The
 *   key's first order, where there is one.
 */

const TOKENS_REMEMBERED_MAX = 10_000;
const BODY_BYTES_MAX = 16 * 1024;

const positive = { type: 'integer', minimum: 1 };

const termsSchema = {
  type: 'object',
  required: ['stock', 'unitAmount', 'currency', 'limitPerUser'],
  additionalProperties: false,
  properties: {
    stock: positive,
    unitAmount: positive,
    currency: { type: 'string', pattern: '^[A-Z]{3}$' },
    limitPerUser: positive,
  },
};

const wishSchema = {
  type: 'object',
  required: ['quantity'],
  additionalProperties: false,
  properties: { quantity: { ...positive, maximum: 1000 } },
};

const keySchema = {
  type: 'object',
  required: ['idempotency-key'],
  properties: {
    'idempotency-key': { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$' },
  },
};

const orderSchema = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    dropId: { type: 'string' },
    userId: { type: 'string' },
    quantity: { type: 'integer' },
    status: { type: 'string' },
    totalAmount: { type: 'integer' },
    currency: { type: 'string' },
    createdAt: { type: 'string' },
    version: { type: 'integer' },
  },
};

const problemSchema = {
  type: 'object',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string' },
  },
};

/** @param {{ store: Store, secret: string }} options */
export function fastifyApp({ store, secret }) {
  const app = Fastify({
    bodyLimit: BODY_BYTES_MAX,
    // What a client sends is checked, and never bent into shape.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
  });
  const verify = createVerifier({
    key: secret,
    algorithms: ['HS256'],
    requiredClaims: ['sub', 'exp'],
    cache: TOKENS_REMEMBERED_MAX,
    // The token itself: its hash, the default, costs as much as verifying it.
    cacheKeyBuilder: (token) => token,
  });
  app.decorateRequest('userId', '');

  app.post('/v1/drops', { schema: { body: termsSchema } }, async (request, reply) => {
    const id = `d_${randomBytes(13).toString('hex').slice(1)}`;
    await store.createDrop(id, request.body);
    reply.code(201);
    return { id };
  });

  app.post(
    '/v1/drops/:dropId/orders',
    {
      onRequest: (request, reply, done) => {
        try {
          request.userId = verify(
            (request.headers.authorization ?? '').slice('Bearer '.length),
          ).sub;
        } catch {
          refuse(reply, 'unauthenticated');
          return;
        }
        done();
      },
      schema: {
        headers: keySchema,
        body: wishSchema,
        response: { 201: orderSchema, '4xx': problemSchema },
      },
    },
    async (request, reply) => {
      const { quantity } = request.body;
      const wish = {
        dropId: request.params.dropId,
        userId: request.userId,
        key: request.headers['idempotency-key'],
        quantity,
      };
      const { refusal, order, replayed } = await store.order(wish);
      if (refusal !== undefined) return refuse(reply, refusal);
      if (order.quantity !== quantity) return refuse(reply, 'idempotency-key-reused');
      if (replayed) reply.header('idempotency-replayed', 'true');
      reply.code(201).header('location', `/v1/orders/${order.id}`);
      return order;
    },
  );

  app.setErrorHandler((error, _request, reply) => {
    if (error.validationContext === 'headers') return refuse(reply, 'idempotency-key-missing');
    if (error.statusCode < 500) return refuse(reply, 'invalid-request');
    process.stderr.write(`${error.stack}\n`);
    return refuse(reply, 'internal');
  });
  return app;
}

function refuse(reply, code) {
  const problem = problemOf(code);
  return reply.code(problem.status).type(PROBLEM_MEDIA_TYPE).send(problem);
}

/**
 * Listens on a free port of the loopback, and says so.
 * @param {import('fastify').FastifyInstance} app
 */
export async function listen(app) {
  process.stdout.write(`ready on ${await app.listen({ host: '127.0.0.1', port: 0 })}\n`);
}

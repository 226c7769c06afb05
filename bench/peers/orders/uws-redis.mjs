// Peer: uWebSockets.js and one Redis, with nothing between them: what a team writes that wants the
// fastest server there is for Node. Tokens are verified once and remembered, the body is checked by
// hand, and an answer is one text and one corked write.
// Usage: uws-redis.mjs SOCKET, with AUTH_SECRET in the environment.

import { randomBytes } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { createVerifier } from 'fast-jwt';
// LiveDrops' own copy, from the packages of the repository around this folder.
import uWS from 'uWebSockets.js';
import { PROBLEM_MEDIA_TYPE, problemOf } from './problems.mjs';
import { redisStore } from './redis-store.mjs';

const TOKENS_REMEMBERED_MAX = 10_000;
const BODY_BYTES_MAX = 16 * 1024;
const QUANTITY_MAX = 1000;
const KEY = /^[!-~]{1,255}$/;
const BEARER = 'Bearer ';
const CREATED = `201 ${STATUS_CODES[201]}`;

const store = redisStore(process.argv[2]);
const verify = createVerifier({
  key: process.env.AUTH_SECRET,
  algorithms: ['HS256'],
  requiredClaims: ['sub', 'exp'],
  cache: TOKENS_REMEMBERED_MAX,
  // The token itself: its hash, the default, costs as much as verifying it.
  cacheKeyBuilder: (token) => token,
});

uWS
  .App()
  .post('/v1/drops', (res) => {
    readBody(res, (terms) => {
      const id = `d_${randomBytes(13).toString('hex').slice(1)}`;
      store.createDrop(id, terms).then(
        () => created(res, null, JSON.stringify({ id })),
        (error) => failed(res, error),
      );
    });
  })
  .post('/v1/drops/:dropId/orders', (res, req) => {
    // A request can be read in this turn alone.
    const dropId = req.getParameter(0);
    const key = req.getHeader('idempotency-key');
    const userId = userOf(req.getHeader('authorization'));
    readBody(res, (body) => {
      if (userId === null) return refuse(res, 'unauthenticated');
      if (!KEY.test(key)) return refuse(res, 'idempotency-key-missing');
      const quantity = body?.quantity;
      if (!Number.isInteger(quantity) || quantity < 1 || quantity > QUANTITY_MAX)
        return refuse(res, 'invalid-request');
      store.order({ dropId, userId, key, quantity }).then(
        (outcome) => answer(res, quantity, outcome),
        (error) => failed(res, error),
      );
    });
  })
  .listen('127.0.0.1', 0, (socket) => {
    process.stdout.write(`ready on http://127.0.0.1:${uWS.us_socket_local_port(socket)}\n`);
  });

function userOf(authorization) {
  if (!authorization.startsWith(BEARER)) return null;
  try {
    return verify(authorization.slice(BEARER.length)).sub;
  } catch {
    return null;
  }
}

/** Calls `use` with the parsed body; refuses one that is none, or too long. */
function readBody(res, use) {
  res.isGone = false;
  res.onAborted(() => {
    res.isGone = true;
  });
  let text = '';
  let bytes = 0;
  res.onData((chunk, isLast) => {
    bytes += chunk.byteLength;
    if (bytes <= BODY_BYTES_MAX) text += Buffer.from(chunk).toString();
    if (!isLast || res.isGone) return;
    const body = bytes <= BODY_BYTES_MAX ? parsed(text) : undefined;
    if (body === undefined) refuse(res, 'invalid-request');
    else use(body);
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function answer(res, quantity, { refusal, order, replayed }) {
  if (refusal !== undefined) return refuse(res, refusal);
  if (order.quantity !== quantity) return refuse(res, 'idempotency-key-reused');
  created(res, { location: `/v1/orders/${order.id}`, replayed }, JSON.stringify(order));
}

function created(res, about, body) {
  if (res.isGone) return;
  res.cork(() => {
    res.writeStatus(CREATED);
    res.writeHeader('content-type', 'application/json; charset=utf-8');
    if (about !== null) res.writeHeader('location', about.location);
    if (about?.replayed === true) res.writeHeader('idempotency-replayed', 'true');
    res.end(body);
  });
}

function refuse(res, code) {
  if (res.isGone) return;
  const problem = problemOf(code);
  res.cork(() => {
    res.writeStatus(`${problem.status} ${STATUS_CODES[problem.status]}`);
    res.writeHeader('content-type', PROBLEM_MEDIA_TYPE);
    res.end(JSON.stringify(problem));
  });
}

function failed(res, error) {
  process.stderr.write(`${error.stack}\n`);
  refuse(res, 'internal');
}

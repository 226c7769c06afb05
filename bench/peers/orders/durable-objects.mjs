// Peer: Cloudflare Durable Objects in workerd. The worker in front verifies the token and checks
// the request; the drop's object decides on its own SQLite file. Its output gate holds the answer
// back until what was written is on the disk.

import { DurableObject } from 'cloudflare:workers';
import { PROBLEM_MEDIA_TYPE, problemOf } from './problems.mjs';

const TOKENS_REMEMBERED_MAX = 10_000;
const QUANTITY_MAX = 1000;
const WAITING_MAX = 8192;
const KEY = /^[!-~]{1,255}$/;
const DROPS_PATH = '/v1/drops';
const ORDERS_PATH = /^\/v1\/drops\/([a-z0-9_]{1,64})\/orders$/;
const HMAC = { name: 'HMAC', hash: 'SHA-256' };

export class Drop extends DurableObject {
  #sql = this.ctx.storage.sql;
  /**
   * The one row of `sale`, which this object alone writes; undefined before the drop is created.
   */
  #sale;
  #waiting = [];

  constructor(ctx, env) {
    super(ctx, env);
    this.#sql.exec(`
      create table if not exists sale (
        unit_amount integer, currency text, limit_per_user integer, free integer, version integer
      );
      create table if not exists buyers (user_id text primary key, units integer) without rowid;
      create table if not exists orders (
        user_id text, key text, quantity integer, total_amount integer, currency text,
        created_at integer, version integer,
        primary key (user_id, key)
      ) without rowid;
    `);
    this.#sale = this.#sql.exec('select * from sale').toArray()[0];
  }

  create({ stock, unitAmount, currency, limitPerUser }) {
    const terms = [unitAmount, currency, limitPerUser, stock];
    this.#sale = this.#sql
      .exec('insert into sale values (?, ?, ?, ?, 1) returning *', ...terms)
      .one();
  }

  /**
   * Orders that have come in the same turn of the event loop are decided together, without an await
   * in between: then their writes are one transaction, and all of them wait for one fsync. Without
   * this each has an fsync of its own.
   */
  order(wish) {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === WAITING_MAX) throw new Error('too many orders wait');
      this.#waiting.push({ wish, resolve, reject });
      if (this.#waiting.length === 1) setTimeout(() => this.#decideAll(), 0);
    });
  }

  #decideAll() {
    for (const { wish, resolve, reject } of this.#waiting.splice(0)) {
      try {
        resolve(this.#decide(wish));
      } catch (error) {
        reject(error);
      }
    }
  }

  #decide({ userId, key, quantity }) {
    const sale = this.#sale;
    if (sale === undefined) return { refusal: 'not-found' };
    const first = this.#sql
      .exec('select * from orders where user_id = ? and key = ?', userId, key)
      .toArray()[0];
    if (first !== undefined) return { row: first, replayed: true };
    if (sale.free < quantity) return { refusal: 'sold-out' };
    const bought = this.#sql
      .exec('select units from buyers where user_id = ?', userId)
      .toArray()[0];
    const units = (bought?.units ?? 0) + quantity;
    if (units > sale.limit_per_user) return { refusal: 'limit-per-user' };
    sale.free -= quantity;
    sale.version += 1;
    this.#sql.exec('update sale set free = ?, version = ?', sale.free, sale.version);
    this.#sql.exec('insert or replace into buyers values (?, ?)', userId, units);
    const row = {
      user_id: userId,
      key,
      quantity,
      total_amount: quantity * sale.unit_amount,
      currency: sale.currency,
      created_at: Date.now(),
      version: sale.version,
    };
    this.#sql.exec('insert into orders values (?, ?, ?, ?, ?, ?, ?)', ...Object.values(row));
    return { row, replayed: false };
  }
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (request.method !== 'POST') return problem('not-found');
    if (pathname === DROPS_PATH) return createDrop(request, env);
    const dropId = ORDERS_PATH.exec(pathname)?.[1];
    if (dropId === undefined) return problem('not-found');
    const userId = await userOf(request.headers.get('authorization') ?? '', env);
    if (userId === null) return problem('unauthenticated');
    const key = request.headers.get('idempotency-key');
    if (key === null || !KEY.test(key)) return problem('idempotency-key-missing');
    const quantity = quantityOf(await request.text());
    if (quantity === null) return problem('invalid-request');
    const drop = env.DROPS.get(env.DROPS.idFromName(dropId));
    const { refusal, row, replayed } = await drop.order({ userId, key, quantity });
    if (refusal !== undefined) return problem(refusal);
    if (row.quantity !== quantity) return problem('idempotency-key-reused');
    return answer(dropId, row, replayed);
  },
};

async function createDrop(request, env) {
  const id = `d_${crypto.randomUUID().replaceAll('-', '').slice(0, 25)}`;
  await env.DROPS.get(env.DROPS.idFromName(id)).create(await request.json());
  return Response.json({ id }, { status: 201 });
}

function answer(dropId, row, replayed) {
  const order = {
    id: `${dropId}-${row.version}`,
    dropId,
    userId: row.user_id,
    quantity: row.quantity,
    status: 'confirmed',
    totalAmount: row.total_amount,
    currency: row.currency,
    createdAt: new Date(row.created_at).toISOString(),
    version: row.version,
  };
  const headers = { 'content-type': 'application/json', location: `/v1/orders/${order.id}` };
  if (replayed) headers['idempotency-replayed'] = 'true';
  return new Response(JSON.stringify(order), { status: 201, headers });
}

function problem(code) {
  const body = problemOf(code);
  const headers = { 'content-type': PROBLEM_MEDIA_TYPE };
  return new Response(JSON.stringify(body), { status: body.status, headers });
}

function quantityOf(text) {
  try {
    const { quantity, ...others } = JSON.parse(text);
    const valid = Number.isInteger(quantity) && quantity >= 1 && quantity <= QUANTITY_MAX;
    return valid && Object.keys(others).length === 0 ? quantity : null;
  } catch {
    return null;
  }
}

/** @type {Map<string, { sub: string, exp: number }>} The oldest go first. */
const verified = new Map();
let secret;

async function userOf(authorization, env) {
  const token = authorization.slice('Bearer '.length);
  let claims = verified.get(token);
  if (claims === undefined) {
    claims = await verify(token, env);
    if (claims === null) return null;
    if (verified.size >= TOKENS_REMEMBERED_MAX) verified.delete(verified.keys().next().value);
    verified.set(token, claims);
  }
  return claims.exp * 1000 > Date.now() ? claims.sub : null;
}

async function verify(token, env) {
  const text = new TextEncoder();
  secret ??= crypto.subtle.importKey('raw', text.encode(env.AUTH_SECRET), HMAC, false, ['verify']);
  const [header, payload, signature] = token.split('.');
  try {
    const signed = text.encode(`${header}.${payload}`);
    const isGood = await crypto.subtle.verify('HMAC', await secret, bytesOf(signature), signed);
    if (!isGood || jsonOf(header).alg !== 'HS256') return null;
    return jsonOf(payload);
  } catch {
    // Not a token at all.
    return null;
  }
}

function bytesOf(base64url) {
  return Uint8Array.fromBase64(base64url, { alphabet: 'base64url' });
}

function jsonOf(base64url) {
  return JSON.parse(new TextDecoder().decode(bytesOf(base64url)));
}

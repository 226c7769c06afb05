// The scripts of analytics on Redis.

import { Script } from '../connection/script.ts';

/** `sums`: key, field, value, end; each from ARGV[at] on. The key is named by its place in KEYS. */
const ADD_SUMS = `
  local function addSums(at)
    for i = at, #ARGV, 4 do
      local key = KEYS[tonumber(ARGV[i])]
      redis.call('HINCRBY', key, ARGV[i + 1], ARGV[i + 2])
      if ARGV[i + 3] ~= '0' then redis.call('EXPIREAT', key, ARGV[i + 3]) end
    end
  end
`;
const EXISTS = `
  local function exists(generation)
    return generation == (redis.call('GET', KEYS[1]) or '1')
      or generation == redis.call('GET', KEYS[2])
  end
`;

/**
 * KEYS: serving, unfinished, register, positions, drops, then those that sums, segments and lists
 * of drops are in. ARGV: the generation; the numbers of positions, drops and segments; positions as
 * shard, from, to; drops as id, row, key; segments as key, index, bytes; then sums.
 */
export const COMMIT = new Script(`
  ${ADD_SUMS} ${EXISTS}
  if not exists(ARGV[1]) then return 0 end
  local drops = 5 + 3 * tonumber(ARGV[2])
  local segments = drops + 3 * tonumber(ARGV[3])
  local sums = segments + 3 * tonumber(ARGV[4])
  for i = 5, drops - 1, 3 do
    if (redis.call('HGET', KEYS[4], ARGV[i]) or '0') ~= ARGV[i + 1] then return 0 end
  end
  for i = 5, drops - 1, 3 do redis.call('HSET', KEYS[4], ARGV[i], ARGV[i + 2]) end
  for i = drops, segments - 1, 3 do
    redis.call('HSET', KEYS[5], ARGV[i], ARGV[i + 1])
    redis.call('SADD', KEYS[tonumber(ARGV[i + 2])], ARGV[i])
  end
  for i = segments, sums - 1, 3 do
    redis.call('HSET', KEYS[tonumber(ARGV[i])], ARGV[i + 1], ARGV[i + 2])
  end
  addSums(sums)
  local ends = {}
  for i = sums, #ARGV, 4 do
    if ARGV[i + 3] ~= '0' then ends[tonumber(ARGV[i])] = true end
  end
  for i = 4, #KEYS do
    if not ends[i] then redis.call('SADD', KEYS[3], KEYS[i]) end
  end
  return 1
`);

/** KEYS: serving, unfinished, begun, leaving. */
export const BEGIN = new Script(`
  local unfinished = redis.call('GET', KEYS[2])
  if unfinished then redis.call('SADD', KEYS[4], unfinished) end
  redis.call('SET', KEYS[3], '1', 'NX')
  local number = redis.call('INCR', KEYS[3])
  redis.call('SET', KEYS[2], number)
  return number
`);

/** KEYS: serving, unfinished, begun, leaving. ARGV: the generation. */
export const SERVE = new Script(`
  if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
  redis.call('SADD', KEYS[4], redis.call('GET', KEYS[1]) or '1')
  redis.call('SET', KEYS[1], ARGV[1])
  redis.call('DEL', KEYS[2])
  return 1
`);

/** KEYS: serving, unfinished, begun, leaving. ARGV: the generation. */
export const DISCARD = new Script(`
  if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
  redis.call('SADD', KEYS[4], ARGV[1])
  redis.call('DEL', KEYS[2])
  return 1
`);

/**
 * KEYS: the gateway's last flush, who watches there, gateways, then those of sums. ARGV: the
 * gateway, the flush, its time, how long the flush is remembered and who watches is kept (ms), the
 * number of drops that are watched, -1 for as before; these as drop and count; then sums.
 */
export const COUNT = new Script(`
  ${ADD_SUMS}
  if tonumber(ARGV[2]) <= tonumber(redis.call('GET', KEYS[1]) or '0') then return 0 end
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[4])
  redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1])
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', tonumber(ARGV[3]) - tonumber(ARGV[4]))
  if ARGV[6] ~= '-1' then redis.call('DEL', KEYS[2]) end
  local sums = 7 + 2 * math.max(0, tonumber(ARGV[6]))
  for i = 7, sums - 1, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
  addSums(sums)
  return 1
`);

// The scripts of outgoing webhooks on Redis. Their keys are named in webhooks-keys.ts.

import {
  WAITING_OF_KEY_MAX,
  WAITING_OF_KEY_MIN,
  WAITING_SHARED_MAX,
} from '../../ports/webhooks.ts';
import { Script } from '../connection/script.ts';

const FUNCTIONS = `
  local rows, revision, behind, counts, feeding, feed, given, deliveries, bodies, of_waiting,
    of_sent, of_failed, all, finished, of_keys, holding, holding_types, of_creator = unpack(KEYS)
  local function count(id)
    local waiting = redis.call('ZCARD', of_waiting)
    if waiting > 0 then redis.call('ZADD', counts, waiting, id)
    else
      redis.call('ZREM', counts, id)
      -- Nodes that do not count by key, or not by event type, may have settled some.
      redis.call('DEL', of_keys)
    end
  end
  local function key_count(key) return tonumber(redis.call('HGET', of_keys, key) or 0) end
  -- As waitingOfKeyMax of the port.
  local function key_max()
    local free = ${WAITING_SHARED_MAX} - redis.call('ZCARD', of_waiting)
    return math.max(${WAITING_OF_KEY_MIN}, math.min(${WAITING_OF_KEY_MAX}, free))
  end
  local function count_key(key, by)
    if redis.call('HINCRBY', of_keys, key, by) <= 0 then redis.call('HDEL', of_keys, key) end
  end
  local function append(delivery, body, key)
    local number = redis.call('INCR', given)
    count_key(key, 1)
    redis.call('HSET', deliveries, number, delivery)
    redis.call('HSET', bodies, number, body)
    redis.call('ZADD', of_waiting, number, number)
    redis.call('ZADD', all, number, number)
    return number
  end
  local function append_all(taken, id)
    for _, i in ipairs(taken) do append(ARGV[i], ARGV[i + 1], ARGV[i + 2]) end
    if #taken > 0 then count(id) end
  end
  -- Room keys of drops have 'held:' before them in the feed, those of event types 'type:'.
  local function is_of_drop(field) return string.sub(field, 1, 5) == 'held:' end
  -- Which of the messages from ARGV[first] on are taken, and which fields of keys that are held the
  -- feed gets; nil: too many.
  local function place(first, held_max)
    local taken, is_held, held, of_key_max = {}, {}, {}, key_max()
    local held_count = tonumber(redis.call('HGET', feed, 'held') or 0)
    for i = first, #ARGV, 4 do
      local key, field = ARGV[i + 2], ARGV[i + 3]
      if is_held[field] == nil then
        local was = redis.call('HEXISTS', feed, field) == 1
        is_held[field] = was or key_count(key) >= of_key_max
        if is_held[field] then held[#held + 1] = field end
        if is_held[field] and not was and is_of_drop(field) then held_count = held_count + 1 end
      end
      if not is_held[field] then taken[#taken + 1] = i end
    end
    if held_count > tonumber(held_max) then return nil, nil end
    return taken, held
  end
  local function put_held(field, shard, from, to)
    redis.call('HSET', feed, field, shard .. ' ' .. from .. ' ' .. to)
  end
  local function held_of(field)
    local value = redis.call('HGET', feed, field)
    if not value then return nil end
    return string.match(value, '^%d+ (%d+) (%d+)$')
  end
  local function hold(fields, id, shard, sequence)
    for _, field in ipairs(fields) do
      local from = held_of(field)
      if not from then
        if is_of_drop(field) then redis.call('HINCRBY', feed, 'held', 1) end
        from = string.format('%.0f', tonumber(sequence) - 1)
      end
      put_held(field, shard, from, sequence)
      redis.call('SADD', is_of_drop(field) and holding or holding_types, id)
    end
  end
  local function any_type_held()
    for _, field in ipairs(redis.call('HKEYS', feed)) do
      if string.sub(field, 1, 5) == 'type:' then return true end
    end
    return false
  end
  local function close(id)
    redis.call('DEL', feed)
    redis.call('SREM', holding, id)
    redis.call('SREM', holding_types, id)
    redis.call('SREM', behind, id)
    redis.call('SREM', feeding, id)
  end
  local function open_from(first, id)
    close(id)
    redis.call('SADD', feeding, id)
    redis.call('HSET', feed, 'open', 1)
    for i = first, #ARGV do redis.call('HSET', feed, i - first, ARGV[i]) end
  end
  local function drop(number)
    redis.call('HDEL', deliveries, number)
    redis.call('HDEL', bodies, number)
    for _, key in ipairs({of_waiting, of_sent, of_failed, all, finished}) do
      redis.call('ZREM', key, number)
    end
  end`;

/** ARGV: id, JSON, the two bounds, then the start of the feed by shard. */
export const ADD = new Script(`${FUNCTIONS}
  if redis.call('SCARD', of_creator) >= tonumber(ARGV[3]) then return 0 end
  if redis.call('HLEN', rows) >= tonumber(ARGV[4]) then return 0 end
  redis.call('HSET', rows, ARGV[1], ARGV[2])
  redis.call('SADD', of_creator, ARGV[1])
  open_from(5, ARGV[1])
  redis.call('INCR', revision)
  return 1
`);

/** ARGV: id, JSON, the revision before, `keep`, `close` or `open`, then the feed's start. */
export const REPLACE = new Script(`${FUNCTIONS}
  local stored = redis.call('HGET', rows, ARGV[1])
  if not stored or cjson.decode(stored).revision ~= tonumber(ARGV[3]) then return 0 end
  redis.call('HSET', rows, ARGV[1], ARGV[2])
  if ARGV[4] == 'close' then close(ARGV[1]) end
  if ARGV[4] == 'open' then open_from(5, ARGV[1]) end
  redis.call('INCR', revision)
  return 1
`);

/** ARGV: id. */
export const REMOVE = new Script(`${FUNCTIONS}
  if redis.call('HDEL', rows, ARGV[1]) == 0 then return 0 end
  redis.call('SREM', of_creator, ARGV[1])
  close(ARGV[1])
  redis.call('ZREM', counts, ARGV[1])
  for i = 7, 15 do redis.call('DEL', KEYS[i]) end
  redis.call('INCR', revision)
  return 1
`);

/**
 * ARGV: id, shard, sequence, the most that wait, the most drops that are held, then a delivery, its
 * body, its room key and that key's field of the feed (`heldField`), and so on.
 */
export const FEED = new Script(`${FUNCTIONS}
  local id, shard, sequence = ARGV[1], ARGV[2], tonumber(ARGV[3])
  if redis.call('EXISTS', feed) == 0 then return 'closed' end
  if sequence <= tonumber(redis.call('HGET', feed, shard) or 0) then return 'known' end
  local from = redis.call('HGET', feed, 'from:' .. shard)
  local taken, held = place(6, ARGV[5])
  if from or not taken or redis.call('ZCARD', of_waiting) >= tonumber(ARGV[4]) then
    local to = tonumber(redis.call('HGET', feed, 'to:' .. shard) or 0)
    redis.call('HSET', feed, 'from:' .. shard, from or sequence - 1)
    redis.call('HSET', feed, 'to:' .. shard, math.max(to, sequence))
    redis.call('SADD', behind, id)
    return 'behind'
  end
  redis.call('HSET', feed, shard, sequence)
  append_all(taken, id)
  hold(held, id, shard, ARGV[3])
  return #held > 0 and 'held' or 'taken'
`);

/** ARGV: as of FEED. */
export const CATCH_UP = new Script(`${FUNCTIONS}
  local id, shard, sequence = ARGV[1], ARGV[2], tonumber(ARGV[3])
  if redis.call('EXISTS', feed) == 0 then return 'closed' end
  local from = redis.call('HGET', feed, 'from:' .. shard)
  if not from or sequence <= tonumber(from) then return 'known' end
  local taken, held = place(6, ARGV[5])
  if not taken then return 'full' end
  if #taken > 0 and redis.call('ZCARD', of_waiting) >= tonumber(ARGV[4]) then return 'full' end
  append_all(taken, id)
  hold(held, id, shard, ARGV[3])
  if sequence > tonumber(redis.call('HGET', feed, shard) or 0) then
    redis.call('HSET', feed, shard, sequence)
  end
  if sequence < tonumber(redis.call('HGET', feed, 'to:' .. shard)) then
    redis.call('HSET', feed, 'from:' .. shard, sequence)
    return 'taken'
  end
  redis.call('HDEL', feed, 'from:' .. shard, 'to:' .. shard)
  for _, field in ipairs(redis.call('HKEYS', feed)) do
    if string.sub(field, 1, 5) == 'from:' then return 'done' end
  end
  redis.call('SREM', behind, id)
  return 'done'
`);

/** ARGV: id, shard, sequence, the most that wait, the room key, its field, then as of FEED. */
export const CATCH_UP_KEY = new Script(`${FUNCTIONS}
  local id, shard, sequence, key, field = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[5], ARGV[6]
  if redis.call('EXISTS', feed) == 0 then return 'closed' end
  local from, to = held_of(field)
  if not from or sequence <= tonumber(from) then return 'known' end
  local waiting = redis.call('ZCARD', of_waiting)
  local is_full = waiting >= tonumber(ARGV[4]) or key_count(key) >= key_max()
  if #ARGV > 6 and waiting > 0 and is_full then return 'full' end
  local all_of_it = {}
  for i = 7, #ARGV, 4 do all_of_it[#all_of_it + 1] = i end
  append_all(all_of_it, id)
  if sequence < tonumber(to) then
    put_held(field, shard, ARGV[3], to)
    return 'taken'
  end
  redis.call('HDEL', feed, field)
  if is_of_drop(field) then
    if redis.call('HINCRBY', feed, 'held', -1) <= 0 then redis.call('SREM', holding, id) end
  elseif not any_type_held() then
    redis.call('SREM', holding_types, id)
  end
  return 'done'
`);

/** ARGV: id. Answers for each key that is held: the key, what it lacks, how many of it wait. */
export const HELD_KEYS = new Script(`${FUNCTIONS}
  local found, drops, types = {}, 0, 0
  local fields = redis.call('HGETALL', feed)
  for i = 1, #fields, 2 do
    local key = string.match(fields[i], '^type:%d+:(.+)$')
    if key then types = types + 1
    elseif is_of_drop(fields[i]) then
      key = string.sub(fields[i], 6)
      drops = drops + 1
    end
    if key then found[#found + 1] = {key, fields[i + 1], key_count(key)} end
  end
  -- A node that knows no such keys may have closed the feed.
  if drops == 0 then redis.call('SREM', holding, ARGV[1]) end
  if types == 0 then redis.call('SREM', holding_types, ARGV[1]) end
  return found
`);

/**
 * ARGV: id, the bound, the delivery, its body, its room key. Answers its number; 0: closed, or
 * full.
 */
export const SEND = new Script(`${FUNCTIONS}
  if redis.call('EXISTS', feed) == 0 then return 0 end
  if redis.call('ZCARD', of_waiting) >= tonumber(ARGV[2]) then return 0 end
  local number = append(ARGV[3], ARGV[4], ARGV[5])
  count(ARGV[1])
  return number
`);

/**
 * ARGV: id, how many finished ones stay, the time before which they are removed, then for each
 * delivery its number, JSON, the revision before, its state, and when it was over or nothing.
 */
export const SETTLE = new Script(`${FUNCTIONS}
  local sets = {waiting = of_waiting, sent = of_sent, failed = of_failed}
  local replaced = {}
  for i = 4, #ARGV, 5 do
    local number, json, before, state, over = unpack(ARGV, i, i + 4)
    local text = redis.call('HGET', deliveries, number)
    local stored = text and cjson.decode(text)
    if stored and stored.revision == tonumber(before) then
      -- As roomKeyOf of the port.
      local key = type(stored.key) == 'string' and stored.key or stored.type
      if stored.state == 'waiting' and state ~= 'waiting' then count_key(key, -1) end
      if stored.state ~= 'waiting' and state == 'waiting' then count_key(key, 1) end
      redis.call('HSET', deliveries, number, json)
      for name, key in pairs(sets) do
        if name == state then redis.call('ZADD', key, number, number)
        else redis.call('ZREM', key, number) end
      end
      if over == '' then redis.call('ZREM', finished, number)
      else redis.call('ZADD', finished, over, number) end
      replaced[#replaced + 1] = 1
    else
      replaced[#replaced + 1] = 0
    end
  end
  local old = redis.call('ZRANGEBYSCORE', finished, '-inf', '(' .. ARGV[3])
  for _, number in ipairs(old) do drop(number) end
  local beyond = redis.call('ZCARD', finished) - tonumber(ARGV[2])
  if beyond > 0 then
    for _, number in ipairs(redis.call('ZRANGE', finished, 0, beyond - 1)) do drop(number) end
  end
  count(ARGV[1])
  return replaced
`);

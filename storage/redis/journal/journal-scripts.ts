// The journal's scripts. Each is one atomic step of Redis, so that the check of the epoch and the
// write are one step.
//
// A shard's last sequence is the number of its entries plus the number of trimmed entries. A claim
// reads it from the stream instead. The stream stores its last id for ever, so a claim also detects
// an entry that was lost at the end.

import { Script } from '../connection/script.ts';

/** The sequence of the last entry that was ever written. */
const LAST_SEQUENCE = `
local function lastSequence(log)
  if redis.call('EXISTS', log) == 0 then return 0 end
  local facts = redis.call('XINFO', 'STREAM', log)
  for i = 1, #facts, 2 do
    if facts[i] == 'last-generated-id' then
      return tonumber(string.match(facts[i + 1], '^%d+'))
    end
  end
  error('this server does not report the last id of a stream')
end
`;

/** Keys: epoch, owner, log. Arguments: owner. Answers `[epoch, lastSequence]`. */
export const CLAIM = new Script(`${LAST_SEQUENCE}
local last = lastSequence(KEYS[3])
local epoch = redis.call('INCR', KEYS[1])
redis.call('SET', KEYS[2], ARGV[1])
return {epoch, last}
`);

/** Keys: epoch and log of each shard. Answers epoch and last sequence of each, in one list. */
export const HEADS = new Script(`${LAST_SEQUENCE}
local heads = {}
for i = 1, #KEYS, 2 do
  heads[i] = tonumber(redis.call('GET', KEYS[i]) or 0)
  heads[i + 1] = lastSequence(KEYS[i + 1])
end
return heads
`);

/**
 * Keys: epoch, trimmed, log. Arguments: epoch, sequence, bytes. Answers 0 if the entry is stored,
 * else `[code, place]` with the present epoch or the last sequence.
 */
export const APPEND = new Script(`
local head = redis.call('MGET', KEYS[1], KEYS[2])
if head[1] ~= ARGV[1] then return {'fenced', head[1] or '0'} end
local last = redis.call('XLEN', KEYS[3]) + (head[2] or 0)
local id = ARGV[2] .. '-0'
if ARGV[2] - 1 == last then
  redis.call('XADD', KEYS[3], id, 'epoch', ARGV[1], 'bytes', ARGV[3])
  return 0
end
local found = redis.call('XRANGE', KEYS[3], id, id)[1]
if not found or found[2][2] ~= ARGV[1] or found[2][4] ~= ARGV[3] then
  return {'conflict', last}
end
return 0
`);

/**
 * Keys: trimmed, log. Arguments: the last sequence to remove, the most entries to remove. Answers
 * how many were removed.
 *
 * The removal comes first, because a Redis that is out of memory allows it, and then the write.
 */
export const TRIM = new Script(`
local trimmed = tonumber(redis.call('GET', KEYS[1]) or 0)
local through = math.min(tonumber(ARGV[1]), trimmed + ARGV[2])
if through <= trimmed then return 0 end
local removed = redis.call('XTRIM', KEYS[2], 'MINID', string.format('%.0f-0', through + 1))
if removed > 0 then redis.call('INCRBY', KEYS[1], removed) end
return removed
`);

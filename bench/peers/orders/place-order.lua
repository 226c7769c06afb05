-- One order, decided in one step. What a key has got is kept as one short text, which Redis answers
-- as it is: quantity, total, currency, time and version.
-- KEYS: the drop, its orders by buyer and key, units by buyer
-- ARGV: buyer, idempotency key, quantity, time in milliseconds
local name = ARGV[1] .. ' ' .. ARGV[2]
local first = redis.call('HGET', KEYS[2], name)
if first then return 'replayed ' .. first end

local drop = redis.call(
  'HMGET', KEYS[1], 'free', 'version', 'unitAmount', 'currency', 'limitPerUser'
)
if not drop[1] then return 'not-found' end
local quantity = tonumber(ARGV[3])
local free = drop[1] - quantity
if free < 0 then return 'sold-out' end
local bought = redis.call('HINCRBY', KEYS[3], ARGV[1], quantity)
if bought > tonumber(drop[5]) then
  redis.call('HINCRBY', KEYS[3], ARGV[1], -quantity)
  return 'limit-per-user'
end

local version = drop[2] + 1
local total = quantity * drop[3]
local order = string.format('%d %d %s %s %d', quantity, total, drop[4], ARGV[4], version)
redis.call('HSET', KEYS[1], 'free', free, 'version', version)
redis.call('HSET', KEYS[2], name, order)
return 'placed ' .. order

// The scripts of snapshots and sealed drops. A save first writes its name into the snapshot's key.
// Every later step is refused once a newer epoch claimed the shard, or another save began.

import { Script } from '../connection/script.ts';

/** Keys: epoch, snapshot. Arguments: epoch, save. An epoch is claimed, or known by a snapshot. */
const FENCE = `
local epoch = tonumber(redis.call('GET', KEYS[1]) or 0)
epoch = math.max(epoch, tonumber(redis.call('HGET', KEYS[2], 'epoch') or 0))
if tonumber(ARGV[1]) < epoch then return {'fenced', epoch} end
`;
const MINE = `${FENCE}
if redis.call('HGET', KEYS[2], 'saving') ~= ARGV[2] then return {'overtaken', epoch} end
`;

/** Answers 0 or `[code, epoch]`, like the other scripts of a save. */
export const BEGIN_SAVE = new Script(`${FENCE}
redis.call('HSET', KEYS[2], 'saving', ARGV[2])
return 0
`);

/** Keys: epoch, snapshot, parts. Arguments: epoch, save, then fields and pieces alternating. */
export const WRITE_PIECES = new Script(`${MINE}
redis.call('HSET', KEYS[3], unpack(ARGV, 3))
return 0
`);

/** Keys: epoch, snapshot, parts. Arguments: epoch, save, then fields. */
export const DROP_PIECES = new Script(`${MINE}
redis.call('HDEL', KEYS[3], unpack(ARGV, 3))
return 0
`);

/** Keys: epoch, snapshot. Arguments: epoch, save, sequence, contents. */
export const FINISH_SAVE = new Script(`${MINE}
redis.call('HSET', KEYS[2], 'epoch', ARGV[1], 'sequence', ARGV[3], 'contents', ARGV[4])
return 0
`);

/**
 * Keys: sealed drop. Arguments: version, contents, head, then the fields of its pieces. Answers 0,
 * also if a higher version is stored and stays; answers 1 if another writer removed pieces
 * meanwhile.
 */
export const SEAL = new Script(`
local stored = redis.call('HGET', KEYS[1], 'version')
if stored and tonumber(stored) > tonumber(ARGV[1]) then return 0 end
local mine = {contents = true, version = true, head = true}
for i = 4, #ARGV do
  if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 0 then return 1 end
  mine[ARGV[i]] = true
end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'contents', ARGV[2], 'head', ARGV[3])
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if not mine[field] then redis.call('HDEL', KEYS[1], field) end
end
return 0
`);

// What a script that changes an entity does to append the record of the change.

/** Of a record's fields. */
const RECORD_VERSION = 1;

/** Lua. To be called before the change: a script that fails is not rolled back. */
export const APPEND_CHANGE = `
local function append_change(stream, kept_max, change)
  local time = redis.call('TIME')
  local at = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
  redis.call('XADD', stream, 'MAXLEN', '=', kept_max, '0-*',
    'v', ${RECORD_VERSION}, 'at', at, 'change', change)
end`;

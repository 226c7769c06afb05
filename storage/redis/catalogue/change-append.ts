// The Lua function with which scripts append the record of a change: a stream entry with one field.
// The field's name is the version of the format. Its value is the time, a space, and the change as
// JSON.

import type { EntityChange } from '../../../contracts/changes.ts';
import type { ChangeRecord } from '../../ports/change-stream.ts';

const FIELD = 'c1';

/** Call it before the change: Redis does not roll back a failed script. */
export const APPEND_CHANGE = `
local function append_change(stream, kept_max, change)
  local time = redis.call('TIME')
  local at = time[1] .. string.format('%03d ', math.floor(time[2] / 1000))
  redis.call('XADD', stream, 'MAXLEN', '=', kept_max, '0-*', '${FIELD}', at .. change)
end`;

export function recordOf(bucket: number, id: string, fields: readonly string[]): ChangeRecord {
  const [field, value = ''] = fields;
  if (field !== FIELD) throw new Error(`a record of the unknown format ${field}`);
  const end = value.indexOf(' ');
  return {
    bucket,
    sequence: Number(id.slice(id.indexOf('-') + 1)),
    at: Number(value.slice(0, end)),
    change: JSON.parse(value.slice(end + 1)) as EntityChange,
  };
}

// What a process costs, as the kernel accounts for it: CPU time and memory, with all its threads.

import { readFileSync } from 'node:fs';

/** USER_HZ on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** CPU time of all threads since the start, in microseconds. */
export function cpuMicrosOf(pid: number): number {
  const [user, system] = cpuTicksOf(pid);
  return ((user! + system!) / TICKS_PER_SECOND) * 1e6;
}

/** The same of all children of this process that have ended. */
export function cpuMicrosOfEndedChildren(): number {
  const [, , user, system] = cpuTicksOf('self');
  return ((user! + system!) / TICKS_PER_SECOND) * 1e6;
}

/** Its own, user and system, and the same of the children that it has waited for. */
function cpuTicksOf(process: number | 'self'): number[] {
  const stat = readFileSync(`/proc/${process}/stat`, 'utf8');
  // The command's name is in parentheses and may hold spaces; utime, stime, cutime and cstime are
  // fields 14 to 17.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).map(Number);
}

/** Memory in use, in bytes. */
export function residentBytesOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES;
}

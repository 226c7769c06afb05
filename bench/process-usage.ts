// Reads CPU time and memory of a process, with all its threads, from the kernel's accounting.

import { readFileSync } from 'node:fs';

/** USER_HZ on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** CPU time of all threads since the start, in microseconds. */
export function cpuMicrosOf(pid: number): number {
  const [user, system] = cpuTicksOf(pid);
  return ((user! + system!) / TICKS_PER_SECOND) * 1e6;
}

/** CPU time of the main thread alone, in microseconds. */
export function threadCpuMicrosOf(pid: number): number {
  const [user, system] = cpuTicksOf(`${pid}/task/${pid}`);
  return ((user! + system!) / TICKS_PER_SECOND) * 1e6;
}

/** CPU time of the children of this process that have ended, in microseconds. */
export function cpuMicrosOfEndedChildren(): number {
  const [, , user, system] = cpuTicksOf('self');
  return ((user! + system!) / TICKS_PER_SECOND) * 1e6;
}

/** Ticks of user and system time: of the process, then of the children that it has waited for. */
function cpuTicksOf(process: number | string): number[] {
  const stat = readFileSync(`/proc/${process}/stat`, 'utf8');
  // The command's name is in parentheses and may contain spaces. utime, stime, cutime and cstime
  // are fields 14 to 17.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).map(Number);
}

/** Memory in use, in bytes. */
export function residentBytesOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES;
}

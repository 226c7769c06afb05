// CPU time and memory of a process and all its descendants, ended ones included: a server that
// forks counts as one server.

import { readdirSync, readFileSync } from 'node:fs';
import { residentBytesOf } from '../../process-usage.ts';

/** USER_HZ on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

interface Process {
  readonly pid: number;
  readonly parent: number;
  /** CPU microseconds of all threads, and of the descendants that it has waited for. */
  readonly cpuMicros: number;
}

/**
 * CPU time since the start, in microseconds. A descendant that ends during the read may be counted
 * twice or not at all.
 */
export function cpuMicrosOfTree(pid: number): number {
  return tree(pid).reduce((sum, { cpuMicros }) => sum + cpuMicros, 0);
}

/** Memory in use, in bytes. Shared memory counts once. */
export function residentBytesOfTree(pid: number): number {
  const processes = tree(pid);
  if (processes.length === 1) return residentBytesOf(pid);
  return processes.reduce((sum, process) => sum + proportionalBytes(process.pid), 0);
}

/** The process itself comes first. */
function tree(pid: number): Process[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => processOf(Number(name)))
    .filter((process) => process !== null);
  const found = all.filter((process) => process.pid === pid);
  if (found.length === 0) throw new Error(`process ${pid} has ended`);
  // The loop appends to the array that it iterates.
  for (const { pid: parent } of found)
    found.push(...all.filter((process) => process.parent === parent));
  return found;
}

/** Null if the process has ended meanwhile. */
function processOf(pid: number): Process | null {
  const stat = textOf(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The command's name is in parentheses and may hold spaces; the parent is field 4, utime, stime,
  // cutime and cstime 14 to 17.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { pid, parent: Number(fields[1]), cpuMicros: (ticks / TICKS_PER_SECOND) * 1e6 };
}

/** The process's own memory plus its part of shared memory; 0 if it has ended meanwhile. */
function proportionalBytes(pid: number): number {
  const memory = textOf(`/proc/${pid}/smaps_rollup`) ?? '';
  return Number(/^Pss:\s+(\d+) kB$/m.exec(memory)?.[1] ?? 0) * 1024;
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}

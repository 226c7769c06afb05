// What the figures were measured on: the machine as its kernel describes it, how long its disk
// takes to make a small write durable, and how much of its time went elsewhere. Linux only, as the
// bench.

import {
  closeSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { median } from './measure.ts';

export interface Machine {
  readonly cpuModel: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly nodeVersion: string;
  /** What the machine is a guest of, as far as it tells; null on bare metal. */
  readonly virtualisation: string | null;
  /** Of the directory that the measured servers write to, such as `ext4`. */
  readonly fileSystem: string;
}

/** `directory` is where the measured servers keep their files. */
export function describeMachine(directory: string): Machine {
  return {
    cpuModel: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    nodeVersion: process.version,
    virtualisation: virtualisation(),
    fileSystem: fileSystemOf(realpathSync(directory), readFileSync('/proc/self/mounts', 'utf8')),
  };
}

function virtualisation(): string | null {
  if (!/^flags\s*:.*\bhypervisor\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'))) return null;
  const names = ['sys_vendor', 'product_name'].map((name) => {
    try {
      return readFileSync(`/sys/class/dmi/id/${name}`, 'utf8').trim();
    } catch {
      // Not every hypervisor makes a DMI table, and containers may hide it.
      return '';
    }
  });
  return names.join(' ').trim() || 'unnamed hypervisor';
}

/**
 * The type of the file system that `path` lies on, from the text of /proc/self/mounts: that of the
 * longest mount point above it, and of the last one mounted there.
 */
export function fileSystemOf(path: string, mounts: string): string {
  let [longest, found] = ['', 'unknown'];
  for (const line of mounts.split('\n')) {
    const [, escaped = '', fileSystem = ''] = line.split(' ');
    const point = escaped.replaceAll(/\\(\d{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const above = point === '/' || path === point || path.startsWith(`${point}/`);
    if (point !== '' && above && point.length >= longest.length)
      [longest, found] = [point, fileSystem];
  }
  return found;
}

const SYNCS = 50;
const SYNC_BYTES = 8192;

/**
 * The median time to write 8 KiB behind the end of a file and make them durable (fdatasync), in
 * milliseconds. Under each order's answer lies at least one of these.
 */
export function diskSyncMs(directory: string): number {
  const own = mkdtempSync(join(directory, 'livedrops-bench-sync-'));
  const file = openSync(join(own, 'file'), 'w');
  try {
    const bytes = Buffer.alloc(SYNC_BYTES, 'x');
    const times = Array.from({ length: SYNCS }, () => {
      const start = performance.now();
      writeSync(file, bytes);
      fdatasyncSync(file);
      return performance.now() - start;
    });
    return median(times);
  } finally {
    closeSync(file);
    rmSync(own, { recursive: true, force: true });
  }
}

/** Of all cores together since the machine's start, in the kernel's ticks. */
export interface CpuTimes {
  readonly total: number;
  /** At work for whoever it was. */
  readonly busy: number;
  /** What the hypervisor gave to others while this machine had work to do. */
  readonly stolen: number;
}

export function cpuTimes(stat: string = readFileSync('/proc/stat', 'utf8')): CpuTimes {
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softIrq = 0, stolen = 0] = (
    /^cpu +(.*)$/m.exec(stat)?.[1] ?? ''
  )
    .split(' ')
    .map(Number);
  const busy = user + nice + system + irq + softIrq;
  return { busy, stolen, total: busy + idle + wait + stolen };
}

/** Shares of the time between two moments, 0 to 1. */
export function cpuShares(before: CpuTimes, after: CpuTimes): { busy: number; stolen: number } {
  const total = Math.max(1, after.total - before.total);
  // The kernel's counts of single states may step back by a tick.
  const share = (ticks: number): number => Math.min(1, Math.max(0, ticks / total));
  return {
    busy: share(after.busy - before.busy),
    stolen: share(after.stolen - before.stolen),
  };
}

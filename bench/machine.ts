// Describes the machine of a measurement: what the kernel reports, how long the disk takes to make
// a small write durable, and the shares of busy and stolen CPU time. Linux only, like the whole
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
  /** The hypervisor, if the machine names it; null on bare metal. */
  readonly virtualisation: string | null;
  /** The file system of the directory that the measured servers write to, such as `ext4`. */
  readonly fileSystem: string;
}

/** `directory` holds the files of the measured servers. */
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
      // Not every hypervisor provides a DMI table, and containers may hide it.
      return '';
    }
  });
  return names.join(' ').trim() || 'unnamed hypervisor';
}

/**
 * The file system type of `path`, from the text of /proc/self/mounts: the longest mount point that
 * contains the path counts, and of several mounts on one point the last.
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
 * The median time to append 8 KiB to a file and make them durable (fdatasync), in milliseconds.
 * Every order waits for at least one such sync.
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

/** The time of all cores together since the start of the machine, in kernel ticks. */
export interface CpuTimes {
  readonly total: number;
  /** Time at work for any process. */
  readonly busy: number;
  /** Time that the hypervisor gave to other machines while this one had work to do. */
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

/** Shares from 0 to 1 of the time between two readings. */
export function cpuShares(before: CpuTimes, after: CpuTimes): { busy: number; stolen: number } {
  const total = Math.max(1, after.total - before.total);
  // The kernel's count of one state may decrease by a tick.
  const share = (ticks: number): number => Math.min(1, Math.max(0, ticks / total));
  return {
    busy: share(after.busy - before.busy),
    stolen: share(after.stolen - before.stolen),
  };
}

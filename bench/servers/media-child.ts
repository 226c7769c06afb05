// The media process of a measured server, found among the server's children and moved to another
// core: so orders have theirs for themselves, as where media have a machine of their own.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { residentBytesOf } from '../process-usage.ts';

const PROGRAM = 'media-program.ts';
const START_MAX_MS = 60_000;
const POLL_MS = 100;
const WATCH_MS = 50;

export class MediaChild {
  readonly pid: number;
  readonly port: number;

  private constructor(pid: number, port: number) {
    this.pid = pid;
    this.port = port;
  }

  /** Of the server with that process id, whose `LIVEDROPS_MEDIA_PORT` is `port`. */
  static async of(serverPid: number, port: number, core: number): Promise<MediaChild> {
    const deadline = performance.now() + START_MAX_MS;
    for (;;) {
      const reply = await fetch(`http://127.0.0.1:${port}/v1/uploads`, { method: 'OPTIONS' }).catch(
        () => null,
      );
      const pid = reply?.status === 204 ? childOf(serverPid) : null;
      if (pid !== null) {
        const { status } = spawnSync('taskset', ['-acp', String(core), String(pid)]);
        if (status !== 0) throw new Error('the media process cannot be moved to another core');
        return new MediaChild(pid, port);
      }
      if (performance.now() > deadline) throw new Error('the media process does not listen');
      await delay(POLL_MS);
    }
  }

  /** `peak`: the most memory in use until `work` has ended, in bytes. */
  async peakBytesDuring<T>(work: () => Promise<T>): Promise<{ peak: number; result: T }> {
    let peak = residentBytesOf(this.pid);
    const watch = setInterval(() => {
      peak = Math.max(peak, residentBytesOf(this.pid));
    }, WATCH_MS);
    try {
      const result = await work();
      return { peak, result };
    } finally {
      clearInterval(watch);
    }
  }
}

function childOf(parent: number): number | null {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const isChild = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
      if (isChild && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(PROGRAM))
        return Number(name);
    } catch {
      // It has ended meanwhile.
    }
  }
  return null;
}

// Computes how many subscribers this machine can hold, and over how many processes.

import { freemem } from 'node:os';
import { openFilesUpTo } from '../file-limit.ts';

const FILES_BESIDE_SOCKETS = 256;
/** A generous estimate for both ends of a connection and the kernel's buffers. */
const BYTES_PER_SUBSCRIBER = 48 * 1024;
const MEMORY_SHARE_MAX = 0.7;
/** All processes share one core. */
const PROCESSES_MAX = 8;

export interface CrowdBounds {
  /** The files that one process may open. */
  readonly filesPerProcess: number;
  /** Memory for all subscribers of all servers. */
  readonly memoryBytes: number;
  readonly processesMax: number;
  /** Servers that have all their subscribers open at the same time. */
  readonly servers: number;
}

export interface Crowd {
  readonly subscribers: number;
  /** Processes of each server, and of its subscribers. */
  readonly processes: number;
  readonly filesPerProcess: number;
}

/** Also raises the open-file limit of this process and of processes it starts. */
export function machineBounds(subscribers: number, servers: number): CrowdBounds {
  return {
    filesPerProcess: openFilesUpTo(subscribers + FILES_BESIDE_SOCKETS),
    memoryBytes: freemem() * MEMORY_SHARE_MAX,
    processesMax: PROCESSES_MAX,
    servers,
  };
}

/** The largest crowd that fits, in the fewest processes. */
export function crowdOf(requested: number, bounds: CrowdBounds): Crowd {
  const { filesPerProcess, memoryBytes, processesMax, servers } = bounds;
  const socketsPerProcess = Math.max(1, filesPerProcess - FILES_BESIDE_SOCKETS);
  const inMemory = Math.floor(memoryBytes / (BYTES_PER_SUBSCRIBER * servers));
  const fitting = Math.min(requested, inMemory, socketsPerProcess * processesMax);
  const subscribers = Math.max(1, fitting);
  return {
    subscribers,
    processes: Math.ceil(subscribers / socketsPerProcess),
    filesPerProcess,
  };
}

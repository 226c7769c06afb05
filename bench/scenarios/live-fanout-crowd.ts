// How many subscribers this machine can hold, and over how many processes they are spread.

import { freemem } from 'node:os';
import { openFilesUpTo } from '../file-limit.ts';

const FILES_BESIDE_SOCKETS = 256;
/** Both ends of a connection, and what the kernel keeps for them: generously. */
const BYTES_PER_SUBSCRIBER = 48 * 1024;
const MEMORY_SHARE_MAX = 0.7;
/** All of them share one core. */
const PROCESSES_MAX = 8;

export interface CrowdBounds {
  /** That one process may open. */
  readonly filesPerProcess: number;
  /** For all subscribers of all servers. */
  readonly memoryBytes: number;
  readonly processesMax: number;
  /** That have so many subscribers each, at once. */
  readonly servers: number;
}

export interface Crowd {
  readonly subscribers: number;
  /** Of each server, and as many of their subscribers. */
  readonly processes: number;
  readonly filesPerProcess: number;
}

/** Also lets this process, and those it starts, have as many files open as is allowed. */
export function machineBounds(subscribers: number, servers: number): CrowdBounds {
  return {
    filesPerProcess: openFilesUpTo(subscribers + FILES_BESIDE_SOCKETS),
    memoryBytes: freemem() * MEMORY_SHARE_MAX,
    processesMax: PROCESSES_MAX,
    servers,
  };
}

/** As many as fit, in as few processes as they need. */
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

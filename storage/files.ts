// What drivers over folders share: durable writes, and files that may be missing.

import { open } from 'node:fs/promises';

/** Writes a new file whose bytes are on the disk when it resolves; its name not yet. */
export async function writeSynced(file: string, bytes: Uint8Array, mode: number): Promise<void> {
  const handle = await open(file, 'wx', mode);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Names that were added to the folder, or removed, are on the disk when it resolves: to what tells
 * the folder from one that is made in its place later.
 */
export async function syncFolder(folder: string): Promise<string> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
    const { ino, birthtimeNs } = await handle.stat({ bigint: true });
    return `${ino} ${birthtimeNs}`;
  } finally {
    await handle.close();
  }
}

/** Null where the file, or a folder above it, is missing. */
export async function unlessMissing<T>(read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return null;
    throw error;
  }
}

export function hasCode(error: unknown, code: string): boolean {
  return isOfSystem(error) && error.code === code;
}

/** Whether it is the operating system's, and no defect. */
export function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}

// The place of the files that jobs export.

import { FolderExportFiles } from '../storage/exports/export-files-folder.ts';
import type { ExportFiles } from '../storage/ports/export-files.ts';
import type { Config } from './config.ts';

/** Null where there is none. */
export function openExportFiles({ exports }: Pick<Config, 'exports'>): ExportFiles | null {
  return exports === null ? null : new FolderExportFiles(exports);
}

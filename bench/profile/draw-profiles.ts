// Draws every CPU profile in a directory as a flame graph beside it.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CpuProfile, frameTree } from './cpu-profile.ts';
import { flameGraph } from './flame-graph.ts';

const ENDING = '.cpuprofile';

/** Returns the paths of the pictures. A thread that was only idle gets no picture. */
export function drawProfiles(directory: string): string[] {
  const names = readdirSync(directory).filter((name) => name.endsWith(ENDING));
  return names.sort().flatMap((name) => {
    const profile = JSON.parse(readFileSync(join(directory, name), 'utf8')) as CpuProfile;
    const tree = frameTree(profile);
    if (tree.root.totalMicros === 0) return [];
    const picture = join(directory, name.replace(ENDING, '.svg'));
    writeFileSync(picture, flameGraph(tree, name.replace(ENDING, '')));
    return [picture];
  });
}

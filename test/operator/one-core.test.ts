import test from 'ava';
import { collectWithoutHelpers } from '../../operator/one-core.ts';

test('on one core V8 collects without helper threads, on more with them', (t) => {
  const flagsOn = (cores: number): string[] => {
    const flags: string[] = [];
    collectWithoutHelpers(cores, (flag) => flags.push(flag));
    return flags;
  };
  t.deepEqual(flagsOn(1), ['--no-concurrent-marking', '--no-parallel-scavenge']);
  t.deepEqual(flagsOn(2), []);
});

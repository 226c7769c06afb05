import { tmpdir } from 'node:os';
import test from 'ava';
import {
  cpuShares,
  cpuTimes,
  describeMachine,
  diskSyncMs,
  fileSystemOf,
} from '../../bench/machine.ts';

test('CPU shares come from two readings of the kernel’s counters', (t) => {
  const before = cpuTimes('cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n');
  const after = cpuTimes('cpu  150 0 60 820 60 0 0 10 0 0\n');
  t.deepEqual(cpuShares(before, after), { busy: 0.6, stolen: 0.1 });
  t.deepEqual(cpuShares(after, after), { busy: 0, stolen: 0 });
});

test('a path lies on the longest mount point, of several mounts the last', (t) => {
  const mounts = [
    '/dev/vda / ext4 rw 0 0',
    'tmpfs /tmp tmpfs rw 0 0',
    '/dev/vdb /tmp/with\\040space xfs rw 0 0',
    '/dev/vdc /tmp/with\\040space btrfs rw 0 0',
    '',
  ].join('\n');
  t.is(fileSystemOf('/home', mounts), 'ext4');
  t.is(fileSystemOf('/tmp', mounts), 'tmpfs');
  t.is(fileSystemOf('/tmpfile', mounts), 'ext4');
  t.is(fileSystemOf('/tmp/with space/file', mounts), 'btrfs');
});

test('this machine is described and its disk timed', (t) => {
  const machine = describeMachine(tmpdir());
  t.true(machine.cores >= 1);
  t.not(machine.fileSystem, 'unknown');
  t.true(diskSyncMs(tmpdir()) > 0);
});

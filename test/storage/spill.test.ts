import test from 'ava';
import { MemorySpillStore } from '../../storage/memory/spill-memory.ts';
import { SqliteSpillStore } from '../../storage/sqlite/spill-sqlite.ts';

for (const Store of [MemorySpillStore, SqliteSpillStore]) {
  test(`${Store.name}: the last written bytes are read until their prefix is removed`, (t) => {
    const store = new Store();
    store.write('1/d_1', Buffer.from('first'));
    store.write('1/d_1', Buffer.from('second'));
    store.write('1/d_1/0', Buffer.from('page'));
    store.write('10/d_1', Buffer.from('other'));
    t.is(Buffer.from(store.read('1/d_1')!).toString(), 'second');
    t.is(store.read('1/d_2'), undefined);
    store.remove('1/');
    t.is(store.read('1/d_1'), undefined);
    t.is(store.read('1/d_1/0'), undefined);
    t.is(Buffer.from(store.read('10/d_1')!).toString(), 'other');
    store.close();
  });

  test(`${Store.name}: keys of a prefix are listed in order, a few at a time`, (t) => {
    const store = new Store();
    for (const key of ['b/2', 'a/1', 'b/1', 'b/10', 'c/1']) store.write(key, Buffer.from(key));
    t.deepEqual(store.keys('b/', '', 2), ['b/1', 'b/10']);
    t.deepEqual(store.keys('b/', 'b/10', 2), ['b/2']);
    t.deepEqual(store.keys('b/', 'b/2', 2), []);
    store.close();
  });
}

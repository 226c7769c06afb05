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
}

// SQLite's own WebAssembly build doing the same rows, durable at each commit: what a store without ops, receipts and an
// outbox would cost. In WAL with exclusive locking, the fastest way that it has to be durable.
import sqlite3InitModule from '/peer/index.mjs';

const schema = `
  pragma locking_mode = exclusive;
  pragma journal_mode = wal;
  pragma synchronous = full;
  create table if not exists segments (
    draft text not null,
    position integer not null,
    id text not null,
    author text not null,
    authored_at integer not null,
    text text not null,
    primary key (draft, position)
  ) without rowid`;

async function open(name) {
  const sqlite3 = await sqlite3InitModule();
  const pool = await sqlite3.installOpfsSAHPoolVfs({ name, directory: `/${name}` });
  const db = new pool.OpfsSAHPoolDb('/peer.db');
  db.exec(schema);
  const insert = db.prepare('insert into segments values (?, ?, ?, ?, ?, ?)');
  const write = (row) => insert.bind(row).stepReset();
  return {
    append: (row) => write(row),
    batch: (rows) => db.transaction(() => rows.forEach(write)),
    read: ({ from, to }) => db.selectObjects('select * from segments where position >= ? and position < ? order by position', [from, to]),
    close: () => db.close(),
  };
}

let store;

onmessage = async ({ data: { name, argument } }) => {
  if (name === 'open') store = await open(argument);
  postMessage(name === 'open' ? null : (store[name](argument) ?? null));
};

-- A row for the stock, which every order of its drop locks until it is on the disk; free space is
-- left in its page, so that a new version of the row needs no new index entry.
create table drops (
  id text primary key,
  free integer not null check (free >= 0),
  version bigint not null,
  unit_amount integer not null,
  currency text not null,
  limit_per_user integer not null
) with (fillfactor = 10, autovacuum_vacuum_cost_delay = 0);

create table buyers (
  drop_id text,
  user_id text,
  units integer not null,
  primary key (drop_id, user_id)
) with (fillfactor = 50);

create table orders (
  drop_id text,
  user_id text,
  key text,
  quantity integer not null,
  total_amount integer not null,
  currency text not null,
  created_at timestamptz not null,
  version bigint not null,
  primary key (drop_id, user_id, key)
);

-- One order in one call, which is one transaction. The hot row comes as late as possible, and a
-- drop that is sold out is told from a plain read: it locks and writes nothing. Of two calls with
-- one key at once the second waits for the first one's buyer; what it has read before that is old
-- then, so it looks again before it refuses, or fails and is called again.
create function place_order(
  wanted_drop text, wanted_user text, wanted_key text, wanted_quantity integer,
  out outcome text, out placed orders
) language plpgsql as $$
declare
  sale drops;
  new_version bigint;
begin
  -- In this order: whoever sees that the last unit is gone sees the order that took it.
  select * into sale from drops where id = wanted_drop;
  if not found then outcome := 'not-found'; return; end if;
  select * into placed from orders
    where drop_id = wanted_drop and user_id = wanted_user and key = wanted_key;
  if found then outcome := 'replayed'; return; end if;
  if sale.free < wanted_quantity then outcome := 'sold-out'; return; end if;
  if wanted_quantity > sale.limit_per_user then outcome := 'limit-per-user'; return; end if;

  insert into buyers as b values (wanted_drop, wanted_user, wanted_quantity)
    on conflict (drop_id, user_id) do update set units = b.units + wanted_quantity
    where b.units + wanted_quantity <= sale.limit_per_user;
  if not found then
    select * into placed from orders
      where drop_id = wanted_drop and user_id = wanted_user and key = wanted_key;
    outcome := case when found then 'replayed' else 'limit-per-user' end;
    return;
  end if;

  update drops set free = free - wanted_quantity, version = version + 1
    where id = wanted_drop and free >= wanted_quantity
    returning version into new_version;
  -- Sold meanwhile: the buyer's units must be taken back too.
  if not found then raise exception using errcode = 'SOLD0'; end if;

  -- Breaks the primary key where the other call with this key was first.
  insert into orders values (
    wanted_drop, wanted_user, wanted_key, wanted_quantity, wanted_quantity * sale.unit_amount,
    sale.currency, now(), new_version
  ) returning * into placed;
  outcome := 'placed';
end $$;

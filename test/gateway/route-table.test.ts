import test from 'ava';
import type { Method, Route } from '../../gateway/http/route.ts';
import { RouteTable } from '../../gateway/http/route-table.ts';

function route(method: Method, path: string, idsOfUsers?: readonly string[]): Route {
  const definition = { method, path, ...(idsOfUsers === undefined ? {} : { idsOfUsers }) };
  return { definition, handle: null } as unknown as Route;
}

const ROUTES = [
  route('GET', '/v1/drops'),
  route('GET', '/v1/drops/{id}'),
  route('PATCH', '/v1/drops/{id}'),
  route('GET', '/v1/drops/next'),
  route('POST', '/v1/drops/{id}/cancel'),
  route('GET', '/v1/users/{id}', ['id']),
  route('DELETE', '/v1/drops/{dropId}/viewers/{userId}', ['userId']),
];

const table = new RouteTable({ routes: ROUTES });

/** The path of the found route with its ids, or the other result. */
function found(method: string, path: string): unknown {
  const match = table.match(method, path);
  if (match.found === 'nothing') return 'nothing';
  if (match.found === 'methods') return match.allow;
  return [match.route.definition.path, { ...match.ids }];
}

test('H8: a path leads to its route, and HEAD to that of GET', (t) => {
  t.deepEqual(found('GET', '/v1/drops'), ['/v1/drops', {}]);
  t.deepEqual(found('HEAD', '/v1/drops/d-1'), ['/v1/drops/{id}', { id: 'd-1' }]);
  t.is(table.match('PATCH', '/v1/drops/d-1').found, 'route');
});

test('H8: for a method that a path lacks the match has the allowed methods', (t) => {
  t.is(found('DELETE', '/v1/drops/d-1'), 'GET, HEAD, PATCH');
  t.is(found('GET', '/v1/drops/d-1/cancel'), 'POST');
  t.is(found('HEAD', '/v1/drops/d-1/cancel'), 'POST');
  t.is(found('get', '/v1/drops'), 'GET, HEAD');
});

test('H8: a fixed segment wins over an id', (t) => {
  t.deepEqual(found('GET', '/v1/drops/next'), ['/v1/drops/next', {}]);
  t.is(found('PATCH', '/v1/drops/next'), 'GET, HEAD');
  t.deepEqual(found('GET', '/v1/drops/nextone'), ['/v1/drops/{id}', { id: 'nextone' }]);
});

test('H8: a path may have several ids, each checked as its kind', (t) => {
  const path = '/v1/drops/{dropId}/viewers/{userId}';
  t.deepEqual(found('DELETE', '/v1/drops/d1/viewers/auth0%7C7'), [
    path,
    { dropId: 'd1', userId: 'auth0|7' },
  ]);
  t.is(found('DELETE', '/v1/drops/d%31/viewers/ann'), 'nothing');
  t.is(found('DELETE', '/v1/drops/d1/viewers/%20'), 'nothing');
});

test('H8: a user id is decoded once and checked, an id of ours is never decoded', (t) => {
  t.deepEqual(found('GET', '/v1/users/a%2Fb%2525'), ['/v1/users/{id}', { id: 'a/b%25' }]);
  t.deepEqual(found('GET', '/v1/users/%3Fx%23'), ['/v1/users/{id}', { id: '?x#' }]);
  for (const id of ['', '%', '%zz', '%00', '%E4', '%C3%A4', 'ä', 'a/b', 'x'.repeat(129)]) {
    t.is(found('GET', `/v1/users/${id}`), 'nothing', id);
  }
  for (const id of ['', '..', 'a.b', '%41', 'a%2Fb', "'--", '*', ':id', 'x'.repeat(81)]) {
    t.is(found('GET', `/v1/drops/${id}`), 'nothing', id);
  }
});

test('H8: a path that differs from a route by its spelling is not found', (t) => {
  for (const path of [
    '',
    'v1/drops',
    '//v1/drops',
    '/v1//drops',
    '/v1/drops/',
    '/V1/drops',
    '/v1/dr%6Fps',
    '/v1/drops#',
    '/v1/drops?limit=1',
    '/v1/drops;x',
    '/v1%2Fdrops',
    'http://host/v1/drops',
    '*',
    `/v1/drops${'/'.repeat(512)}`,
    `/${'x'.repeat(10_000)}`,
  ]) {
    t.is(found('GET', path), 'nothing', path);
  }
});

test('H8: routes with paths that match the same are refused at the start', (t) => {
  const drop = route('GET', '/v1/drops/{id}');
  const options = { instanceOf: Error };
  t.throws(() => new RouteTable({ routes: [drop, drop] }), options);
  t.throws(() => new RouteTable({ routes: [drop, route('GET', '/v1/drops/{other}')] }), options);
  t.throws(
    () => new RouteTable({ routes: [drop, route('PATCH', '/v1/drops/{id}', ['id'])] }),
    options,
  );
  t.throws(() => new RouteTable({ routes: [route('GET', '/v1/drops', ['id'])] }), options);
});

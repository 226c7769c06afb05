// Finds the route of a method and path with find-my-way and checks the ids in the path, so that
// handlers only get well-formed ids. Only users' ids are decoded: ids of our own need no encoding.
// The order path does not use this table.

import createRouter from 'find-my-way';
import { assert } from '../../domain/assert.ts';
import { type Method, NAME_IN_PATH, type PathIds, type Route } from './route.ts';
import { ID, USER_ID } from '../../contracts/patterns.ts';

/** Ids of our own. An order id joins two such parts with a hyphen. */
const OWN_ID = new RegExp(ID);
const ID_OF_USER = new RegExp(USER_ID);
const PATH_LENGTH_MAX = 512;
/** Characters that find-my-way would decode or take for the end of the path. */
const SPECIAL = /[%?#]/g;
/** `%` becomes `%25`. */
const ESCAPED_LENGTH = 3;

/** A path: the names of its ids, and its routes by method. */
interface Address {
  readonly path: string;
  readonly names: readonly string[];
  readonly namesOfUsers: readonly string[];
  readonly routes: Map<Method, Route>;
}

export type RouteMatch =
  | { readonly found: 'route'; readonly route: Route; readonly ids: PathIds }
  /** The path exists, but not with this method. */
  | { readonly found: 'methods'; readonly allow: string }
  | { readonly found: 'nothing' };

const NOTHING: RouteMatch = { found: 'nothing' };

export class RouteTable {
  readonly routes: readonly Route[];
  /**
   * One entry for each path, always under GET. Methods are compared afterwards, so that the search
   * for allowed methods costs nothing extra.
   */
  readonly #addresses = createRouter({ maxParamLength: PATH_LENGTH_MAX * ESCAPED_LENGTH });

  constructor(options: { routes: readonly Route[] }) {
    this.routes = options.routes;
    const addresses = new Map<string, Address>();
    for (const route of options.routes) {
      const { method, path, idsOfUsers = [] } = route.definition;
      let address = addresses.get(path);
      if (address === undefined) {
        const names = [...path.matchAll(NAME_IN_PATH)].map((match) => match[1]!);
        address = { path, names, namesOfUsers: idsOfUsers, routes: new Map() };
        addresses.set(path, address);
        // Throws where another path differs only in the names of its ids.
        this.#addresses.on('GET', path.replaceAll(NAME_IN_PATH, ':$1'), handledElsewhere, address);
      }
      assert(
        address.namesOfUsers.join() === idsOfUsers.join() &&
          idsOfUsers.every((name) => address.names.includes(name)),
        `${method} ${path} takes other kinds of ids than its path`,
      );
      assert(!address.routes.has(method), `${method} ${path} is defined twice`);
      address.routes.set(method, route);
    }
  }

  /** `method` is in capitals. HEAD is answered where GET is. */
  match(method: string, path: string): RouteMatch {
    if (path.length > PATH_LENGTH_MAX || !path.startsWith('/')) return NOTHING;
    // Escaped once more: fixed segments are compared as sent, and ids stay encoded.
    const found = this.#addresses.find('GET', path.replaceAll(SPECIAL, encodeURIComponent));
    if (found === null) return NOTHING;
    const address = found.store as Address;
    const ids = checkedIds(address, found.params);
    if (ids === null) return NOTHING;
    const route = address.routes.get((method === 'HEAD' ? 'GET' : method) as Method);
    if (route === undefined) return { found: 'methods', allow: allow(address) };
    return { found: 'route', route, ids };
  }
}

function handledElsewhere(): void {}

/** Null where one of them is not a valid id. */
function checkedIds(
  { names, namesOfUsers }: Address,
  params: Readonly<Record<string, string | undefined>>,
): PathIds | null {
  const ids: Record<string, string> = {};
  for (const name of names) {
    const segment = params[name] ?? '';
    const id = namesOfUsers.includes(name) ? userIdIn(segment) : ownIdIn(segment);
    if (id === null) return null;
    ids[name] = id;
  }
  return ids;
}

function ownIdIn(segment: string): string | null {
  return OWN_ID.test(segment) ? segment : null;
}

function userIdIn(segment: string): string | null {
  try {
    const id = decodeURIComponent(segment);
    return ID_OF_USER.test(id) ? id : null;
  } catch {
    return null;
  }
}

function allow({ routes }: Address): string {
  const methods: string[] = [...routes.keys()];
  if (methods.includes('GET')) methods.push('HEAD');
  return methods.toSorted().join(', ');
}

// Finds the route of a path and method. A tree of segments: fixed ones win over ids, and what an id
// may look like is checked here, so that nothing strange ever reaches a handler as one. Only users'
// ids are decoded: those of ours have nothing to encode.

import { assert } from '../../domain/assert.ts';
import type { Method, Route } from './route.ts';
import { ID, USER_ID } from '../schemas.ts';

/** Ids of ours, and order ids, which join two parts by a hyphen. */
const OWN_ID = new RegExp(ID);
const ID_OF_USER = new RegExp(USER_ID);
const PATH_LENGTH_MAX = 512;

interface Node {
  readonly fixed: Map<string, Node>;
  /** Where an id stands. */
  id: Node | null;
  /** Whether that id is a user's. */
  idOfUser: boolean;
  readonly routes: Map<Method, Route>;
}

export type RouteMatch =
  | { readonly found: 'route'; readonly route: Route; readonly id: string }
  /** The address exists, but not with this method. */
  | { readonly found: 'methods'; readonly allow: string }
  | { readonly found: 'nothing' };

export class RouteTable {
  readonly routes: readonly Route[];
  readonly #root: Node = newNode();

  constructor(options: { routes: readonly Route[] }) {
    this.routes = options.routes;
    for (const route of options.routes) this.#add(route);
  }

  /** `method` in capitals; HEAD is answered where GET is. */
  match(method: string, path: string): RouteMatch {
    if (path.length > PATH_LENGTH_MAX || !path.startsWith('/')) return { found: 'nothing' };
    let id = '';
    let node = this.#root;
    for (const segment of path.slice(1).split('/')) {
      const fixed = node.fixed.get(segment);
      if (fixed !== undefined) {
        node = fixed;
        continue;
      }
      const found = node.idOfUser ? userIdIn(segment) : ownIdIn(segment);
      if (node.id === null || found === null) return { found: 'nothing' };
      id = found;
      node = node.id;
    }
    if (node.routes.size === 0) return { found: 'nothing' };
    const wanted = method === 'HEAD' ? 'GET' : method;
    const route = node.routes.get(wanted as Method);
    return route === undefined
      ? { found: 'methods', allow: allow(node) }
      : { found: 'route', route, id };
  }

  #add(route: Route): void {
    const { method, path, idOfUser = false } = route.definition;
    let node = this.#root;
    for (const segment of path.slice(1).split('/')) {
      if (segment === '{id}') {
        if (node.id === null) {
          node.id = newNode();
          node.idOfUser = idOfUser;
        }
        assert(node.idOfUser === idOfUser, `${path} takes another kind of id than its like`);
        node = node.id;
      } else {
        let next = node.fixed.get(segment);
        if (next === undefined) {
          next = newNode();
          node.fixed.set(segment, next);
        }
        node = next;
      }
    }
    assert(!node.routes.has(method), `${method} ${path} is defined twice`);
    node.routes.set(method, route);
  }
}

function newNode(): Node {
  return { fixed: new Map(), id: null, idOfUser: false, routes: new Map() };
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

function allow(node: Node): string {
  const methods: string[] = [...node.routes.keys()];
  if (methods.includes('GET')) methods.push('HEAD');
  return methods.toSorted().join(', ');
}

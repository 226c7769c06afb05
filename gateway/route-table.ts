// Finds the route of a path and method. A tree of segments: fixed ones win over ids, and what an id
// may look like is checked here, so that nothing strange ever reaches a handler as one.

import { assert } from '../domain/assert.ts';
import type { Method, Route } from './route.ts';

/** Ids of ours, and order ids, which join two parts by a hyphen. */
const ID = /^[A-Za-z0-9_-]{1,80}$/;
const PATH_LENGTH_MAX = 512;

interface Node {
  readonly fixed: Map<string, Node>;
  /** Where an id stands. */
  id: Node | null;
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
      } else if (node.id !== null && ID.test(segment)) {
        id = segment;
        node = node.id;
      } else {
        return { found: 'nothing' };
      }
    }
    if (node.routes.size === 0) return { found: 'nothing' };
    const wanted = method === 'HEAD' ? 'GET' : method;
    const route = node.routes.get(wanted as Method);
    return route === undefined
      ? { found: 'methods', allow: allow(node) }
      : { found: 'route', route, id };
  }

  #add(route: Route): void {
    const { method, path } = route.definition;
    let node = this.#root;
    for (const segment of path.slice(1).split('/')) {
      if (segment === '{id}') {
        node.id ??= newNode();
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
  return { fixed: new Map(), id: null, routes: new Map() };
}

function allow(node: Node): string {
  const methods: string[] = [...node.routes.keys()];
  if (methods.includes('GET')) methods.push('HEAD');
  return methods.toSorted().join(', ');
}

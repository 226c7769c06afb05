// Ids: a node's id names its type, as Relay asks for. Wherever an id is taken, REST's own id is
// taken as well.

/** REST's id, of a node's id of this type or of itself. */
export function restId(type: string, id: string): string {
  const text = Buffer.from(id, 'base64').toString('utf8');
  const isOfNode = text.startsWith(`${type}:`) && Buffer.from(text).toString('base64') === id;
  return isOfNode ? text.slice(type.length + 1) : id;
}

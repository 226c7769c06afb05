// 64 bits of a user's id, as two numbers: enough to tell ten million buyers of a creator apart (two
// of them are alike with a chance of three in a million), in 8 bytes instead of the id.

/** FNV-1a of the text from two bases, each finished as MurmurHash3 does. Sets `hash`. */
export function hashUser(userId: string, hash: Uint32Array): void {
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let i = 0; i < userId.length; i++) {
    const code = userId.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x5bd1e995) ^ (high >>> 15);
  }
  hash[0] = finished(low);
  hash[1] = finished(high);
}

function finished(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

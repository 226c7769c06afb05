#!/usr/bin/env node
// Verifies a bundle of a LiveDrops ledger (docs/LEDGER.md), without a server and without any of
// its code. It runs on Node 18 and later.
//
//   node verify.mjs BUNDLE [--key VERIFIER-KEY]... [--against OLDER-BUNDLE]
//
// It ends with 0 where all is well, with 1 where something is wrong, with 2 where it was not asked
// properly.

import { parseKey } from './note.mjs';
import { verifyBundle } from './verify-bundle.mjs';

const USAGE = 'usage: node verify.mjs BUNDLE [--key VERIFIER-KEY]... [--against OLDER-BUNDLE]';

function readArguments() {
  const asked = { file: null, keys: null, against: null };
  const words = process.argv.slice(2);
  try {
    while (words.length > 0) {
      const word = words.shift();
      if (word === '--key') asked.keys = [...(asked.keys ?? []), parseKey(words.shift() ?? '')];
      else if (word === '--against' && words.length > 0) asked.against = words.shift();
      else if (word.startsWith('-') || asked.file !== null)
        throw new Error(`${word} was not expected`);
      else asked.file = word;
    }
    if (asked.file === null) throw new Error('which bundle?');
    return asked;
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(2);
  }
}

const asked = readArguments();
const findings = await verifyBundle({ ...asked, say: (text) => console.log(text) });
for (const finding of findings) console.log(`WRONG: ${finding}`);
if (findings.length > 0) process.exit(1);
if (asked.keys === null && asked.against === null)
  console.log('No key was given: compare the one above with a key that you have from elsewhere.');
console.log('OK');

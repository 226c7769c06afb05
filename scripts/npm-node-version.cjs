// Preloaded into npm by setup.mjs. npm leaves out optional packages, prebuilt addons among them,
// whose `engines` exclude the Node that npm runs on. What it installs runs on the Node of the lock
// file, so that is the version that npm is told.
'use strict';

const { version } = require('../package-lock.json').packages['node_modules/node'] ?? {};
if (version !== undefined) Object.defineProperty(process, 'version', { value: `v${version}` });

// AVA loads this before each test file, and starts its processes with --enable-source-maps, which
// reads and parses the maps of some hundred modules of packages: an eighth of the CPU time of
// loading a server. Types are stripped in place, so errors name the right lines without any map.

process.setSourceMapsEnabled(false);
process.execArgv = process.execArgv.filter((flag) => flag !== '--enable-source-maps');

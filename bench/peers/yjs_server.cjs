// The server of y-websocket, as its documentation starts it: documents in memory, nothing on disk.
'use strict';

process.env.HOST = '127.0.0.1';
process.env.PORT = process.argv[2];
// By its path: the package does not export it.
require('./node_modules/y-websocket/bin/server.cjs');

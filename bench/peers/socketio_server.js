// The smallest idiomatic broadcast over Socket.IO: what one client emits, every client gets.
'use strict';

const { createServer } = require('http');
const { Server } = require('socket.io');

const http = createServer();
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false });

io.on('connection', (socket) => {
  socket.on('message', (data) => io.emit('message', data));
});

http.listen(Number(process.argv[2]), '127.0.0.1');

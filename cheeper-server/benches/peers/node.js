// What one would write in Node: `ws`, a set of clients, a loop of sends.
'use strict';

const { WebSocketServer } = require('ws');

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/ws' });
server.on('listening', () => console.log(`http://127.0.0.1:${server.address().port}/`));
server.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data) => {
    for (const client of server.clients) client.send(data, { binary: false });
  });
});

// Node's `ws`: `node node_ws.js WORK`, with NODE_PATH where it is installed. Compression is off unless asked for.
const { WebSocket, WebSocketServer } = require('ws');

const rooms = new Map();

const works = {
  echo(server, ws) {
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  },
  broadcast(server, ws) {
    ws.on('message', (data) => {
      const { message } = JSON.parse(data);
      const text = JSON.stringify({ type: 'broadcast', message, timestamp: new Date().toISOString() });
      server.clients.forEach((client) => {
        if (client.readyState === WebSocket.OPEN) client.send(text);
      });
    });
  },
  rooms(server, ws) {
    let room = null;
    ws.on('message', (data) => {
      const said = JSON.parse(data);
      if (said.type === 'join-room') {
        room = said.room;
        if (!rooms.has(room)) rooms.set(room, new Set());
        rooms.get(room).add(ws);
      } else if (said.type === 'room-message') {
        const timestamp = new Date().toISOString();
        const text = JSON.stringify({ type: 'room-message', room, message: said.message, timestamp });
        rooms.get(room).forEach((client) => {
          if (client.readyState === WebSocket.OPEN) client.send(text);
        });
      }
    });
    ws.on('close', () => rooms.get(room)?.delete(ws));
  },
};

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
server.on('connection', (ws) => {
  ws.on('error', () => {});
  works[process.argv[2]](server, ws);
});
server.on('listening', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit()).resume();

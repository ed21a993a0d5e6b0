// A small web server for the tests. It stops gracefully.
const http = require('node:http');
const crypto = require('node:crypto');

const name = process.env.NAME || 'server';
const version = process.env.VERSION || '1';

const routes = {
  '/healthz': (request, response) => response.end('ok\n'),
  '/call': async (request, response) => {
    const target = new URL(request.url, 'http://x').searchParams.get('url');
    const answer = await fetch(target);
    response.writeHead(answer.status).end(await answer.text());
  },
  '/slow': (request, response) => setTimeout(() => response.end('slow\n'), 2000),
  '/upload': (request, response) => {
    const sum = crypto.createHash('sha256');
    let size = 0;
    request.on('data', (piece) => { size += piece.length; sum.update(piece); });
    request.on('end', () => response.end(JSON.stringify({ size, sha256: sum.digest('hex') })));
  },
};

const server = http.createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://x');
  const route = routes[pathname] || ((_, r) => r.end(JSON.stringify({
    name, version, path: request.url, host: request.headers.host, pod: process.env.HOSTNAME,
  })));
  Promise.resolve(route(request, response)).catch((err) => response.writeHead(502).end(String(err.cause || err)));
});

// The WebSocket handshake of RFC 6455; every frame of a client is sent back unmasked.
server.on('upgrade', (request, socket) => {
  const accept = crypto.createHash('sha1')
    .update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  socket.on('data', (frame) => {
    const length = frame[1] & 0x7f;
    const mask = frame.subarray(2, 6);
    const payload = frame.subarray(6, 6 + length).map((byte, i) => byte ^ mask[i % 4]);
    socket.write(Buffer.concat([Buffer.from([frame[0], length]), payload]));
  });
  socket.on('error', () => socket.destroy());
});

server.listen(Number(process.env.LISTEN || process.env.PORT || 8080));
process.on('SIGTERM', () => { server.close(() => process.exit(0)); server.closeIdleConnections(); });

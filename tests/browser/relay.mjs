// What lies between a page and its server, for tests of a network that is not what it should be. The page is served
// through it, too, so that its origin is the server's.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Relay {
  // Whether what the server says on a WebSocket is swallowed.
  silent = false;
  // WebSockets so far.
  connections = 0;
  // Given the first message of each WebSocket, unmasked; may change it.
  onHello = null;
  #server;
  #sockets = new Set();

  static async before(server) {
    const relay = new Relay();
    relay.#server = createServer((client) => relay.#carry(client, connect(server.port, '127.0.0.1')));
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get address() {
    return `http://127.0.0.1:${this.#server.address().port}/`;
  }

  // Ends all connections, as a network that goes away does.
  cut() {
    for (const socket of this.#sockets) socket.destroy();
  }

  end() {
    this.cut();
    this.#server.close();
  }

  #carry(client, server) {
    let isWebSocket = false;
    let isFirst = true;
    for (const [socket, other] of [[client, server], [server, client]]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (data) => {
      if (isWebSocket && isFirst) {
        isFirst = false;
        this.#hello(data);
      }
      if (/^GET .*\r\nupgrade: websocket\r\n/is.test(data.toString('latin1'))) {
        isWebSocket = true;
        ++this.connections;
      }
      server.write(data);
    });
    server.on('data', (data) => {
      if (!(isWebSocket && this.silent)) client.write(data);
    });
  }

  // In place: a masked frame (RFC 6455 §5.2) that came in one piece.
  #hello(frame) {
    if (this.onHello === null) return;
    const length = frame[1] & 0x7f;
    const start = length < 126 ? 2 : length === 126 ? 4 : 10;
    const mask = frame.subarray(start, start + 4);
    const payload = frame.subarray(start + 4);
    for (let i = 0; i < payload.length; ++i) payload[i] ^= mask[i % 4];
    this.onHello(payload);
    for (let i = 0; i < payload.length; ++i) payload[i] ^= mask[i % 4];
  }
}

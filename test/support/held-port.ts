/**
 * Ports that stay a server's while it does not run: nobody else is given one between its end and its next start. A connection that was
 * made from the port keeps it: the system gives such a port to nobody who asks for any, and to a server that asks for it.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';

export interface HeldPort {
  readonly port: number;
  letGo(): void;
}

let anchor: Server | undefined;

/** What connections are made to; it keeps no process alive. */
async function anchorPort(): Promise<number> {
  if (anchor === undefined) {
    anchor = createServer((socket) => socket.on('error', () => {}).unref()).unref();
    anchor.listen(0, '127.0.0.1');
  }
  if (!anchor.listening) await once(anchor, 'listening');
  return (anchor.address() as AddressInfo).port;
}

/** Where systems other than Linux let nobody have a port that a connection has, no port is held: 0. */
export async function holdPort(): Promise<HeldPort> {
  if (process.platform !== 'linux') return { port: 0, letGo: () => {} };
  const connection = connect({ port: await anchorPort(), host: '127.0.0.1', localAddress: '127.0.0.1' });
  await once(connection, 'connect');
  const { localPort: port = 0 } = connection.on('error', () => {}).unref();
  return { port, letGo: () => void connection.destroy() };
}

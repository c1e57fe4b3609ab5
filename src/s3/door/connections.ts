/** How many connections may be open at once, all together and from one address. Those beyond are closed as they come. */
import type { Server, Socket } from 'node:net';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { AddressList } from './address-list.ts';
import { Crowd } from './crowd.ts';

export interface ConnectionLimits {
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax?: number | undefined;
}

export interface ConnectionsOptions {
  readonly limits: ConnectionLimits;
  /** Their connections are those of many clients. */
  readonly proxies: AddressList;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often the log may tell of closed connections: somebody who floods the server must not flood it too. */
const tellEveryMs = 60_000;

export function limitConnections(server: Server, { limits, proxies, clock, log }: ConnectionsOptions): void {
  const { connectionsMax, connectionsPerAddressMax } = limits;
  let closed = 0;
  let toldMs = Number.NEGATIVE_INFINITY;
  const tell = (address: string | undefined): void => {
    closed += 1;
    if (clock.nowMs() - toldMs < tellEveryMs) return;
    log.warn({ closed, address }, 'Connections beyond the limit were closed');
    toldMs = clock.nowMs();
    closed = 0;
  };
  server.maxConnections = connectionsMax;
  server.on('drop', (dropped) => tell(dropped?.remoteAddress));
  if (connectionsPerAddressMax === undefined) return;
  const crowd = new Crowd({ totalMax: Number.POSITIVE_INFINITY, perAddressMax: connectionsPerAddressMax });
  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket;
    if (proxies.has(remoteAddress)) return;
    const leave = crowd.enter(remoteAddress);
    if (leave !== undefined) return void socket.once('close', leave);
    tell(remoteAddress);
    socket.destroy();
  });
}

/** Where the server of a configuration is reached from its own machine. */
import type { Config } from '../config.ts';

/** `http://host:port`, or https; a server that listens on every address is met on the loopback one. */
export function endpointOf({ host, port, tls }: Pick<Config, 'host' | 'port' | 'tls'>): string {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `${tls === undefined ? 'http' : 'https'}://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

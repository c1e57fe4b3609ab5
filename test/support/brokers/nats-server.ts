import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { freePort } from '../free-port.ts';
import { type Broker, BrokerProcess, hasProgram } from './broker.ts';

const subject = 'uploads';
const stream = 'UPLOADS';

/** With a stream of JetStream that keeps what is published. */
export async function natsServer(): Promise<Broker> {
  const port = await freePort();
  const server = new BrokerProcess();
  const url = `nats://a-user:a-password@127.0.0.1:${port}`;
  const open = () => connect({ servers: `127.0.0.1:${port}`, user: 'a-user', pass: 'a-password', reconnect: false });
  return {
    target: { nats: { servers: [url], subject } },
    missing: hasProgram('nats-server') ? undefined : 'nats-server is not installed',
    async start() {
      const users = ['--user', 'a-user', '--pass', 'a-password'];
      const args = ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', server.folder, ...users];
      await server.start({ command: 'nats-server', args }, port);
      const connection = await open();
      const manager = await jetstreamManager(connection);
      await manager.streams.add({ name: stream, subjects: [subject] });
      await connection.close();
    },
    kill: () => server.kill(),
    async messages() {
      const connection = await open();
      const manager = await jetstreamManager(connection);
      const { state } = await manager.streams.info(stream);
      const consumer = await jetstream(connection).consumers.get(stream);
      const texts: string[] = [];
      if (state.messages > 0) {
        for await (const message of await consumer.fetch({ max_messages: state.messages }))
          texts.push(message.string());
      }
      await connection.close();
      return texts;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

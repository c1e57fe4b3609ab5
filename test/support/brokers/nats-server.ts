import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { freePort } from '../free-port.ts';
import { BrokerProcess, certificate, certificateKey, hasProgram, type LiveBroker, user } from './broker.ts';

const subject = 'uploads';
const stream = 'UPLOADS';

/** With a stream of JetStream that keeps what is published. */
export async function natsServer(): Promise<LiveBroker> {
  const port = await freePort();
  const server = new BrokerProcess();
  const url = `tls://${user.name}:${user.password}@127.0.0.1:${port}`;
  const open = () =>
    connect({ servers: `127.0.0.1:${port}`, user: user.name, pass: user.password, tls: { caFile: certificate } });
  const secure = { servers: [url], tls: { ca: certificate } };
  return {
    target: { nats: { ...secure, subject } },
    liveTarget: { nats: { ...secure, subject: 'live', jetStream: false } },
    missing: hasProgram('nats-server') ? undefined : 'nats-server is not installed',
    async start() {
      const users = ['--user', user.name, '--pass', user.password];
      const tls = ['--tls', '--tlscert', certificate, '--tlskey', certificateKey];
      const args = ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', server.folder, ...users, ...tls];
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
    async listen() {
      const texts: string[] = [];
      const connection = await open();
      connection.subscribe('live', {
        callback(_error, message) {
          texts.push(message.string());
        },
      });
      await connection.flush();
      return texts;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

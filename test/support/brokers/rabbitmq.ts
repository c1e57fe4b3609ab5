import { writeFileSync } from 'node:fs';
import { connect } from 'amqplib';
import { eventually } from '../eventually.ts';
import { freePort } from '../free-port.ts';
import { type Broker, BrokerProcess, certificate, certificateKey, hasProgram } from './broker.ts';

const queue = 'uploads';
/** The one in /usr/sbin changes to a user of its own. */
const command = '/usr/lib/rabbitmq/bin/rabbitmq-server';

export async function rabbitmq(): Promise<Broker> {
  const [port, tlsPort] = [await freePort(), await freePort()];
  const [names, distribution] = [await freePort(), await freePort()];
  const server = new BrokerProcess();
  const portMapper = new BrokerProcess();
  const { folder } = server;
  const url = `amqp://guest:guest@127.0.0.1:${port}`;
  const env = {
    ERL_EPMD_PORT: String(names),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `ninefold-${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_MNESIA_BASE: `${folder}/mnesia`,
    RABBITMQ_LOG_BASE: `${folder}/log`,
    RABBITMQ_ENABLED_PLUGINS_FILE: `${folder}/plugins`,
    // It writes down what queues there are some seconds after they are declared, unless told to do so at once.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-mnesia dump_log_write_threshold 1',
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: `${folder}/rabbitmq`,
    RABBITMQ_ADVANCED_CONFIG_FILE: `${folder}/none`,
  };
  const texts: string[] = [];
  let isDeclared = false;
  return {
    target: {
      amqp: { url: `amqps://guest:guest@127.0.0.1:${tlsPort}`, routingKey: queue, tls: { ca: certificate } },
    },
    missing: hasProgram(command) ? undefined : 'rabbitmq-server is not installed',
    async start() {
      const tls = [`certfile = ${certificate}`, `keyfile = ${certificateKey}`].map((line) => `ssl_options.${line}`);
      writeFileSync(`${folder}/rabbitmq.conf`, [`listeners.ssl.1 = 127.0.0.1:${tlsPort}`, ...tls, ''].join('\n'));
      await portMapper.start({ command: 'epmd', args: ['-port', String(names), '-address', '127.0.0.1'] }, names);
      await server.start({ command, args: [], env }, port);
      // It listens before it lets users in.
      const connection = await eventually(() => connect(url));
      const channel = await connection.createChannel();
      if (isDeclared) await channel.checkQueue(queue);
      else await channel.assertQueue(queue, { durable: true });
      isDeclared = true;
      await connection.close();
    },
    async kill() {
      await server.kill();
      await portMapper.kill();
    },
    async messages() {
      const connection = await connect(url);
      const channel = await connection.createChannel();
      for (;;) {
        const message = await channel.get(queue, { noAck: true });
        if (message === false) break;
        texts.push(message.content.toString());
      }
      await connection.close();
      return texts;
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await portMapper[Symbol.asyncDispose]();
    },
  };
}

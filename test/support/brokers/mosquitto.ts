import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { connect, type MqttClient } from 'mqtt';
import { freePort } from '../free-port.ts';
import { type Broker, BrokerProcess, certificate, certificateKey, hasProgram, user } from './broker.ts';

const topic = 'uploads';

/** With a subscriber whose session the broker keeps, so that it keeps the messages too. */
export async function mosquitto(): Promise<Broker> {
  const [port, tlsPort] = [await freePort(), await freePort()];
  const server = new BrokerProcess();
  const url = `mqtt://127.0.0.1:${port}`;
  const config = `${server.folder}/mosquitto.conf`;
  const texts: string[] = [];
  let reader: MqttClient | undefined;
  const subscriber = async (): Promise<MqttClient> => {
    const properties = { sessionExpiryInterval: 3600 };
    const session = { clientId: 'reader', clean: false, protocolVersion: 5 as const, properties, reconnectPeriod: 0 };
    const client = connect(url, session);
    // Before it connects: what waits for the session comes with the first packet.
    client.on('message', (_topic, text) => texts.push(text.toString())).on('error', () => {});
    await new Promise<void>((resolve) => client.once('connect', () => resolve()));
    await client.subscribeAsync(topic, { qos: 1 });
    return client;
  };
  return {
    target: {
      mqtt: { url: `mqtts://${user.name}:${user.password}@127.0.0.1:${tlsPort}`, topic, tls: { ca: certificate } },
    },
    missing: hasProgram('mosquitto') ? undefined : 'mosquitto is not installed',
    async start() {
      const isFirst = !existsSync(config);
      if (isFirst) {
        const passwords = `${server.folder}/passwords`;
        execFileSync('mosquitto_passwd', ['-b', '-c', passwords, user.name, user.password]);
        const kept = [
          'persistence true',
          `persistence_location ${server.folder}/`,
          'max_queued_messages 0',
          'user root',
        ];
        const tls = [`listener ${tlsPort} 127.0.0.1`, `certfile ${certificate}`, `keyfile ${certificateKey}`];
        // Who gives a name must give its password, too.
        const users = ['allow_anonymous true', `password_file ${passwords}`];
        writeFileSync(config, [...users, ...kept, `listener ${port} 127.0.0.1`, ...tls, ''].join('\n'));
      }
      await server.start({ command: 'mosquitto', args: ['-c', config] }, port);
      if (isFirst) await (await subscriber()).endAsync();
    },
    // It writes down what it keeps when it is told to end.
    kill: () => server.kill('SIGTERM'),
    async messages() {
      reader ??= await subscriber();
      return texts;
    },
    async [Symbol.asyncDispose]() {
      reader?.end(true);
      await server[Symbol.asyncDispose]();
    },
  };
}

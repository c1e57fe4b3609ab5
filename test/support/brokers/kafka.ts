import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Admin, Consumer, MessagesStreamModes, stringDeserializers } from '@platformatic/kafka';
import { eventually } from '../eventually.ts';
import { freePort } from '../free-port.ts';
import { type Broker, BrokerProcess, certificate, certificateKey, hasProgram, user } from './broker.ts';

const topic = 'uploads';
const partitions = 4;
const mechanism = 'SCRAM-SHA-256';
const pom = fileURLToPath(new URL('kafka/pom.xml', import.meta.url));
/** Of a server that runs for some seconds: what takes long to compile never pays. */
const javaOptions = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

type Reader = Consumer<string, string, string, string>;

/** Apache Kafka in one process, broker and controller. */
export async function kafkaBroker(): Promise<Broker> {
  const [port, securePort, controllerPort] = [await freePort(), await freePort(), await freePort()];
  const server = new BrokerProcess();
  const address = `127.0.0.1:${port}`;
  const properties = `${server.folder}/server.properties`;
  const isThere = hasProgram('mvn') && hasProgram('java');
  let classPath = '';
  let reader: Reader | undefined;
  const texts: string[] = [];

  function format(): void {
    const listed = `${server.folder}/class-path`;
    execFileSync('mvn', ['-q', '-B', '-f', pom, 'dependency:build-classpath', `-Dmdep.outputFile=${listed}`]);
    classPath = readFileSync(listed, 'utf8').trim();
    const keys = `${server.folder}/keys.pem`;
    writeFileSync(keys, readFileSync(certificateKey, 'utf8') + readFileSync(certificate, 'utf8'));
    writeFileSync(
      properties,
      propertiesOf({ port, securePort, controllerPort, folder: `${server.folder}/data`, keys }),
    );
    const scram = `${mechanism}=[name=${user.name},password=${user.password}]`;
    const cluster = ['-t', 'AAAAAAAAQACAAAAAAAAAAA', '-c', properties, '--add-scram', scram];
    execFileSync('java', [...javaOptions, '-cp', classPath, 'kafka.tools.StorageTool', 'format', ...cluster], {
      stdio: 'ignore',
    });
  }

  async function makeTopic(): Promise<void> {
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [address], retries: 0 });
    try {
      await admin.createTopics({ topics: [topic], partitions, replicas: 1 });
    } finally {
      await admin.close();
    }
  }

  return {
    target: {
      kafka: {
        brokers: [`127.0.0.1:${securePort}`],
        topic,
        sasl: { mechanism, username: user.name, password: user.password },
        tls: { ca: certificate },
      },
    },
    missing: isThere ? undefined : 'maven and a Java runtime are not installed',
    async start() {
      const isFirst = !existsSync(properties);
      if (isFirst) format();
      const args = [...javaOptions, '-cp', classPath, 'kafka.Kafka', properties];
      await server.start({ command: 'java', args }, port);
      if (isFirst) await eventually(makeTopic);
    },
    kill: () => server.kill(),
    async messages() {
      reader ??= await readAll(address, texts);
      return texts;
    },
    async [Symbol.asyncDispose]() {
      await reader?.close(true);
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Takes in what there is and what comes; each key in one partition, as there is an order in partitions alone. */
async function readAll(address: string, texts: string[]): Promise<Reader> {
  const consumer: Reader = new Consumer({
    clientId: 'test',
    groupId: 'test',
    bootstrapBrokers: [address],
    deserializers: stringDeserializers,
  });
  const partitionOf = new Map<string, number>();
  const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST, maxWaitTime: 100 });
  stream.on('data', ({ key, value, partition }) => {
    const isElsewhere = (partitionOf.get(key) ?? partition) !== partition;
    partitionOf.set(key, partition);
    texts.push(isElsewhere ? `"the key ${key} is in two partitions"` : value);
  });
  return consumer;
}

interface KafkaPlaces {
  readonly port: number;
  readonly securePort: number;
  readonly controllerPort: number;
  readonly folder: string;
  /** A file with key and certificate. */
  readonly keys: string;
}

function propertiesOf({ port, securePort, controllerPort, folder, keys }: KafkaPlaces): string {
  const listeners = [`PLAIN://127.0.0.1:${port}`, `SECURE://127.0.0.1:${securePort}`];
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${controllerPort}`,
    `listeners=${listeners.join(',')},CONTROLLER://127.0.0.1:${controllerPort}`,
    `advertised.listeners=${listeners.join(',')}`,
    'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAIN:PLAINTEXT,SECURE:SASL_SSL',
    'controller.listener.names=CONTROLLER',
    'inter.broker.listener.name=PLAIN',
    'ssl.keystore.type=PEM',
    `ssl.keystore.location=${keys}`,
    `sasl.enabled.mechanisms=${mechanism}`,
    `listener.name.secure.${mechanism.toLowerCase()}.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;`,
    `log.dirs=${folder}`,
    'offsets.topic.num.partitions=1',
    'offsets.topic.replication.factor=1',
    'group.initial.rebalance.delay.ms=0',
    'auto.create.topics.enable=false',
    '',
  ].join('\n');
}

/** Servers that say just enough of a broker's protocol for one message to be taken, so that they can misbehave at any point of it. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface Script {
  /** Said to whoever connects. */
  readonly greeting?: Buffer;
  /** What is answered to the n-th piece of what a client says, from 0; undefined for nothing. */
  answer(said: Buffer, nth: number, port: number): Buffer | undefined;
}

/** What a server does in place of an answer: with the connection, and the answer that would have been. */
export type Misbehaviour = (socket: Socket, answer: Buffer) => void;

export interface ScriptedServer {
  readonly address: string;
  readonly open: ReadonlySet<Socket>;
  /** Answers that were given since the last `misbehaveAt`, greetings included. */
  readonly answers: number;
  /** From now on, in place of the n-th answer. */
  misbehaveAt(nth: number, how: Misbehaviour): void;
  close(): void;
}

export async function scriptedServer({ greeting, answer }: Script): Promise<ScriptedServer> {
  const open = new Set<Socket>();
  let [answers, at]: [number, number] = [0, Number.POSITIVE_INFINITY];
  let misbehave: Misbehaviour = () => {};
  const say = (socket: Socket, text: Buffer): void => {
    if (answers++ === at) misbehave(socket, text);
    else socket.write(text);
  };
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    if (greeting !== undefined) say(socket, greeting);
    let pieces = 0;
    socket.on('data', (said: Buffer) => {
      const text = answer(said, pieces++, (server.address() as AddressInfo).port);
      if (text !== undefined) say(socket, text);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    open,
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get answers() {
      return answers;
    },
    misbehaveAt(nth, how) {
      [answers, at, misbehave] = [0, nth, how];
    },
    close: () => server.close(),
  };
}

const int16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const int32 = (value: number): Buffer => Buffer.concat([int16(value >>> 16), int16(value & 0xffff)]);
const none64 = Buffer.alloc(8);
const short = (text: string): Buffer => Buffer.concat([int16(text.length), Buffer.from(text)]);
const list = (...items: readonly Buffer[]): Buffer => Buffer.concat([int32(items.length), ...items]);

/** https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf: methods by class and number. */
const amqpMethod = (channel: number, of: readonly [number, number], ...fields: readonly Buffer[]): Buffer => {
  const payload = Buffer.concat([int16(of[0]), int16(of[1]), ...fields]);
  return Buffer.concat([Buffer.from([1]), int16(channel), int32(payload.length), payload, Buffer.from([0xce])]);
};
const amqpLong = (text: string): Buffer => Buffer.concat([int32(text.length), Buffer.from(text)]);
const amqpStart = amqpMethod(0, [10, 10], Buffer.from([0, 9]), int32(0), amqpLong('PLAIN'), amqpLong('en_US'));
const amqpTune = amqpMethod(0, [10, 30], int16(100), int32(131_072), int16(0));
const amqpAnswers: readonly (readonly [asked: readonly [number, number], answer: Buffer])[] = [
  [[10, 11], amqpTune],
  [[10, 40], amqpMethod(0, [10, 41], Buffer.from([0]))],
  [[20, 10], amqpMethod(1, [20, 11], int32(0))],
  [[85, 10], amqpMethod(1, [85, 11])],
  [[60, 40], amqpMethod(1, [60, 80], none64.subarray(1), Buffer.from([1, 0]))],
];

/** https://kafka.apache.org/protocol: by the number of the request, in the oldest version that a client can be told to speak. */
const kafkaApis = [
  [0, 3],
  [3, 0],
  [17, 1],
  [18, 1],
  [36, 0],
] as const;
const kafkaAnswers: Readonly<Record<number, (port: number) => Buffer>> = {
  0: () =>
    Buffer.concat([
      list(Buffer.concat([short('t'), list(Buffer.concat([int32(0), int16(0), none64, none64]))])),
      int32(0),
    ]),
  3: (port) => {
    const partition = Buffer.concat([int16(0), int32(0), int32(1), list(int32(1)), list(int32(1))]);
    const broker = Buffer.concat([int32(1), short('127.0.0.1'), int32(port)]);
    return Buffer.concat([list(broker), list(Buffer.concat([int16(0), short('t'), list(partition)]))]);
  },
  17: () => Buffer.concat([int16(0), list(short('PLAIN'))]),
  18: () =>
    Buffer.concat([
      int16(0),
      list(...kafkaApis.map(([api, at]) => Buffer.concat([int16(api), int16(at), int16(at)]))),
      int32(0),
    ]),
  36: () => Buffer.concat([int16(0), int16(-1), int32(0)]),
};
/** UNSUPPORTED_VERSION, upon which a client asks again in version 1. */
const kafkaTooNew = Buffer.concat([int16(35), list(), int32(0)]);

export const scripts: Readonly<Record<'amqp' | 'kafka' | 'nats' | 'mqtt' | 'redis' | 'postgres', Script>> = {
  amqp: {
    answer(said) {
      if (said.toString().startsWith('AMQP')) return amqpStart;
      const answers = amqpAnswers.filter(([[of, method]]) => {
        return said.includes(Buffer.concat([int16(of), int16(method)]));
      });
      return answers.at(-1)?.[1];
    },
  },
  kafka: {
    answer(said, _nth, port) {
      const [api, version] = [said.readInt16BE(4), said.readInt16BE(6)];
      const body = api === 18 && version > 1 ? kafkaTooNew : (kafkaAnswers[api]?.(port) ?? Buffer.alloc(0));
      return Buffer.concat([int32(body.length + 4), said.subarray(8, 12), body]);
    },
  },
  nats: {
    greeting: Buffer.from(
      'INFO {"server_id":"s","version":"2.10.0","headers":true,"max_payload":1000000,"proto":1}\r\n',
    ),
    answer(said) {
      const text = said.toString();
      const [, inbox] = /^H?PUB \S+ (\S+) /m.exec(text) ?? [];
      if (inbox === undefined) return text.includes('PING') ? Buffer.from('PONG\r\n') : undefined;
      const taken = '{"stream":"s","seq":1}';
      return Buffer.from(`MSG ${inbox} 1 ${taken.length}\r\n${taken}\r\n`);
    },
  },
  mqtt: {
    answer(said) {
      if (said.readUInt8(0) >> 4 === 1) return Buffer.from([0x20, 3, 0, 0, 0]);
      const id = 4 + said.readUInt16BE(2);
      return Buffer.concat([Buffer.from([0x40, 2]), said.subarray(id, id + 2)]);
    },
  },
  redis: {
    answer(said) {
      const commands = said.toString().match(/^\*\d+\r$/gm) ?? [];
      return Buffer.from(said.includes('RPUSH') ? ':1\r\n' : '+OK\r\n'.repeat(commands.length));
    },
  },
  postgres: {
    answer(said) {
      if (said.includes('user\0')) return Buffer.from('R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I');
      if (said.includes('INSERT'))
        return Buffer.from('1\0\0\0\x042\0\0\0\x04n\0\0\0\x04C\0\0\0\x0fINSERT 0 1\0Z\0\0\0\x05I');
      return undefined;
    },
  },
};

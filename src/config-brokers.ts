/** The settings of targets of events that are message brokers and databases. */
import { z } from 'zod';

const timeoutMs = z.int().min(100).default(10_000);
const name = z.string().min(1);

/** Files in PEM, read for every connection. */
const tlsSchema = z
  .strictObject({ ca: name.optional(), certificate: name.optional(), key: name.optional() })
  .refine(
    ({ certificate, key }) => (certificate === undefined) === (key === undefined),
    'give both certificate and key, or neither',
  );

/** `protocols` without TLS and with. */
function address(...protocols: readonly [plain: string, secure: string]) {
  const [plain, secure] = protocols;
  return z
    .url({ protocol: new RegExp(`^(${plain}|${secure})$`), error: `an address such as ${secure}://user:password@host` })
    .refine((url) => URL.canParse(url) && new URL(url).hostname !== '', 'an address names a host');
}

/** Files are given where TLS is spoken. */
function secured(protocol: string) {
  return {
    holds: (url: string, tls: unknown) => tls === undefined || url.startsWith(`${protocol}://`),
    error: `tls is for an address that begins with ${protocol}://`,
  };
}

const amqps = secured('amqps');
const amqpSchema = z
  .strictObject({
    url: address('amqp', 'amqps'),
    exchange: z.string().default(''),
    routingKey: z.string(),
    tls: tlsSchema.optional(),
    timeoutMs,
  })
  .refine(({ url, tls }) => amqps.holds(url, tls), amqps.error)
  .refine(
    ({ exchange, routingKey }) => exchange !== '' || routingKey !== '',
    'without an exchange the routing key is the name of a queue',
  );

const kafkaSchema = z.strictObject({
  brokers: z.array(z.string().regex(/^(\[[^\]]+\]|[^:]+):\d{1,5}$/, 'a host and a port, such as kafka:9092')).min(1),
  topic: name.regex(/^[a-zA-Z0-9._-]{1,249}$/, 'letters, digits, dots, hyphens and underscores, at most 249'),
  sasl: z
    .strictObject({
      mechanism: z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']),
      username: name,
      password: name,
    })
    .optional(),
  tls: tlsSchema.optional(),
  timeoutMs,
});

const natsTls = secured('tls');
const natsSchema = z
  .strictObject({
    servers: z.array(address('nats', 'tls')).min(1),
    subject: name.regex(/^[^\s*>]+$/, 'a subject without white space and wildcards'),
    jetStream: z.boolean().default(true),
    credentialsFile: name.optional(),
    tls: tlsSchema.optional(),
    timeoutMs,
  })
  .refine(({ servers, tls }) => servers.every((url) => natsTls.holds(url, tls)), natsTls.error);

const mqtts = secured('mqtts');
const mqttSchema = z
  .strictObject({
    url: address('mqtt', 'mqtts'),
    topic: name.regex(/^[^#+\0]+$/, 'a topic without wildcards'),
    protocolVersion: z.literal([4, 5]).default(5),
    tls: tlsSchema.optional(),
    timeoutMs,
  })
  .refine(({ url, tls }) => mqtts.holds(url, tls), mqtts.error);

const rediss = secured('rediss');
const redisSchema = z
  .strictObject({
    url: address('redis', 'rediss'),
    stream: name.optional(),
    list: name.optional(),
    channel: name.optional(),
    replicas: z.int().min(0).default(0),
    tls: tlsSchema.optional(),
    timeoutMs,
  })
  .refine(
    ({ stream, list, channel }) => [stream, list, channel].filter((kind) => kind !== undefined).length === 1,
    'give one of stream, list and channel',
  )
  .refine(({ url, tls }) => rediss.holds(url, tls), rediss.error);

const postgresSchema = z.strictObject({
  url: address('postgres', 'postgresql').refine(
    (url) => URL.canParse(url) && new URL(url).search === '',
    'an address without parameters: TLS is asked for by tls, which may be {}',
  ),
  table: name.regex(/^[^.]+(\.[^.]+)?$/, 'a table, or a schema, a dot and a table'),
  tls: tlsSchema.optional(),
  timeoutMs,
});

/** Of each kind that there is, by the name of its setting. */
export const brokerSchemas = {
  amqp: amqpSchema.optional(),
  kafka: kafkaSchema.optional(),
  nats: natsSchema.optional(),
  mqtt: mqttSchema.optional(),
  redis: redisSchema.optional(),
  postgres: postgresSchema.optional(),
};

export type BrokerTls = z.infer<typeof tlsSchema>;

const brokersSchema = z.strictObject(brokerSchemas);
export type BrokerSettings = z.infer<typeof brokersSchema>;

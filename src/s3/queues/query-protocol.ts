/**
 * AWS's query protocol in the version that SQS has: a form, answered with XML. What SDKs before the end of 2023 speak. Its
 * lists and maps lie flat, under names in the singular, and all its values are text.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html
 */
import { escapeXml } from '../model/xml-text.ts';
import type { QueueProtocol, QueueRefusal, SentRequest } from './protocol.ts';

export const queryVersion = '2012-11-05';
const namespace = `http://queue.amazonaws.com/doc/${queryVersion}/`;

/** Members of inputs that are no text by themselves: how they are called in a form. */
const lists: ReadonlyMap<string, string> = new Map([
  ['ActionName', 'Actions'],
  ['AWSAccountId', 'AWSAccountIds'],
  ['TagKey', 'TagKeys'],
  ['AttributeName', 'AttributeNames'],
  ['MessageAttributeName', 'MessageAttributeNames'],
  ['MessageSystemAttributeName', 'MessageSystemAttributeNames'],
  ['DeleteMessageBatchRequestEntry', 'Entries'],
  ['SendMessageBatchRequestEntry', 'Entries'],
  ['ChangeMessageVisibilityBatchRequestEntry', 'Entries'],
]);
const maps: ReadonlyMap<string, string> = new Map([
  ['Attribute', 'Attributes'],
  ['MessageAttribute', 'MessageAttributes'],
  ['MessageSystemAttribute', 'MessageSystemAttributes'],
  ['Tag', 'Tags'],
]);
const numbers: ReadonlySet<string> = new Set([
  'DelaySeconds',
  'MaxNumberOfMessages',
  'MaxNumberOfMessagesPerSecond',
  'MaxResults',
  'VisibilityTimeout',
  'WaitTimeSeconds',
]);
/** What is said of the request itself. */
const onRequest: ReadonlySet<string> = new Set(['Action', 'Version']);

/** What a form says of one place of a list or a map. */
type Parts = Map<string, string>;

/** Members of outputs whose elements are called otherwise. */
const elements: Readonly<Record<string, string>> = {
  Attributes: 'Attribute',
  Failed: 'BatchResultErrorEntry',
  MessageAttributes: 'MessageAttribute',
  Messages: 'Message',
  QueueUrls: 'QueueUrl',
  queueUrls: 'QueueUrl',
  Results: 'ListMessageMoveTasksResultEntry',
  Tags: 'Tag',
};
/** Members of outputs that are maps, and what is said of their keys; whatever else has members is a structure. */
const outputMaps: ReadonlyMap<string, string> = new Map([
  ['Attributes', 'Name'],
  ['MessageAttributes', 'Name'],
  ['Tags', 'Key'],
]);

export const queryProtocol: QueueProtocol = {
  contentType: 'text/xml',
  read(sent) {
    const parameters = new URLSearchParams(sent.body.toString('utf8'));
    const action = parameters.get('Action') ?? '';
    const { Tags: tags, ...input } = inputOf(parameters, sent);
    if (tags === undefined) return { action, input };
    // The model spells this member in two ways.
    return { action, input: action === 'CreateQueue' ? { ...input, tags } : { ...input, Tags: tags } };
  },
  encode({ action, output, requestId }) {
    // What succeeded of a batch is called by the batch.
    const called = { ...elements, Successful: `${action}ResultEntry` };
    const result = output === undefined ? '' : `<${action}Result>${membersOf(output, called)}</${action}Result>`;
    const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
    return `<${action}Response xmlns="${namespace}">${result}${metadata}</${action}Response>\n`;
  },
  encodeRefusal({ status, code, message }: QueueRefusal, requestId) {
    const type = status < 500 ? 'Sender' : 'Receiver';
    const what = `<Type>${type}</Type><Code>${code}</Code><Message>${escapeXml(message)}</Message><Detail/>`;
    const text = `<ErrorResponse xmlns="${namespace}"><Error>${what}</Error><RequestId>${requestId}</RequestId></ErrorResponse>\n`;
    return { text, headers: [] };
  },
};

/** The input by the names of the model. What no action knows stays in it, and is refused there. */
function inputOf(parameters: URLSearchParams, { path }: SentRequest): Readonly<Record<string, unknown>> {
  const input = structureOf([...parameters].filter(([name]) => !onRequest.has(name)));
  // Whoever posts to the address of a queue need not name it once more.
  const isAtQueue = input['QueueUrl'] === undefined && /^\/\d{12}\/[^/]+\/?$/.test(path);
  return isAtQueue ? { ...input, QueueUrl: path.replace(/\/$/, '') } : input;
}

function structureOf(parameters: Iterable<readonly [name: string, value: string]>): Readonly<Record<string, unknown>> {
  const input = new Map<string, unknown>();
  const items = new Map<string, Map<string, Parts>>();
  for (const [name, value] of parameters) {
    const [member = '', at, ...rest] = name.split('.');
    if (at === undefined || !(lists.has(member) || maps.has(member))) {
      input.set(name, numbers.has(name) && /^-?\d{1,9}$/.test(value) ? Number(value) : value);
      continue;
    }
    const places = items.get(member) ?? new Map<string, Parts>();
    items.set(member, places.set(at, (places.get(at) ?? new Map<string, string>()).set(rest.join('.'), value)));
  }
  for (const [member, places] of items) {
    const [list, map] = [lists.get(member), maps.get(member)];
    if (list !== undefined) input.set(list, Array.from(places.values(), itemOf));
    if (map !== undefined) input.set(map, Object.fromEntries(Array.from(places.values(), entryOf)));
  }
  return Object.fromEntries(input);
}

/** A text, or a structure. */
function itemOf(parts: Parts): unknown {
  return parts.get('') ?? structureOf(parts);
}

/** `Name` (of a tag `Key`) with `Value`, or with `Value.StringValue` and its like. */
function entryOf(parts: Parts): [name: string, value: unknown] {
  const within = [...parts].flatMap(([name, value]): [string, string][] => {
    return name.startsWith('Value.') ? [[name.slice('Value.'.length), value]] : [];
  });
  return [parts.get('Name') ?? parts.get('Key') ?? '', parts.get('Value') ?? structureOf(within)];
}

function membersOf(output: object, called: Readonly<Record<string, string>>): string {
  return Object.entries(output)
    .map(([name, value]) => {
      const element = called[name] ?? name;
      if (Array.isArray(value)) return value.map((item) => elementOf(element, item, called)).join('');
      const key = outputMaps.get(name);
      if (key === undefined) return elementOf(element, value, called);
      return Object.entries(Object(value))
        .map(([itsName, Value]) => elementOf(element, { [key]: itsName, Value }, called))
        .join('');
    })
    .join('');
}

function elementOf(name: string, value: unknown, called: Readonly<Record<string, string>>): string {
  const inner = typeof value === 'object' && value !== null ? membersOf(value, called) : escapeXml(String(value));
  return `<${name}>${inner}</${name}>`;
}

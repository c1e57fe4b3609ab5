/**
 * Parameters of the query protocol as the model has them: `Tags.member.1.Key=a` is the key of the first tag. What the model
 * does not know is left out, as AWS does.
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
import { IamError } from '../errors.ts';
import type { ServiceSchema, StructureTable, Type } from './schema.ts';

/** Parameters by the parts of their names between dots. */
interface Node {
  value?: string;
  readonly children: Map<string, Node>;
}

/** Deeper than any structure of the models. */
const depthMax = 12;

export type Decoded = Readonly<Record<string, unknown>>;

/** Throws IamError, ValidationError, for what is missing or no value of its type. */
export function decodeInput(service: ServiceSchema, action: string, parameters: URLSearchParams): Decoded {
  const { input } = service.operations[action] ?? {};
  if (input === undefined) return {};
  const decoded = decodeStructure(readTree(parameters), input, service.structures);
  return decoded;
}

function readTree(parameters: URLSearchParams): Node {
  const root: Node = { children: new Map() };
  for (const [name, value] of parameters) {
    const parts = name.split('.');
    if (parts.length > depthMax) continue;
    let node = root;
    for (const part of parts) {
      const child = node.children.get(part) ?? { children: new Map() };
      node.children.set(part, child);
      node = child;
    }
    node.value ??= value;
  }
  return root;
}

function decodeStructure(node: Node, name: string, structures: StructureTable): Decoded {
  const decoded: Record<string, unknown> = {};
  for (const [member, type, isRequired] of structures[name] ?? []) {
    const child = node.children.get(member);
    const value = child === undefined ? undefined : decodeValue(child, type, { member, structures });
    if (value !== undefined) decoded[member] = value;
    else if (isRequired) throw invalid({ member, value: null }, 'Member must not be null');
  }
  return decoded;
}

interface Place {
  readonly member: string;
  readonly structures: StructureTable;
}

function decodeValue(node: Node, type: Type, place: Place): unknown {
  if (typeof type === 'string') return node.value === undefined ? undefined : decodeScalar(node.value, type, place);
  if ('structure' in type) return decodeStructure(node, type.structure, place.structures);
  if ('list' in type) return itemsOf(node, 'member').map((item) => decodeValue(item, type.list, place));
  const entries = itemsOf(node, 'entry').map((entry) => {
    const { children } = entry;
    // SNS's message attributes have Name and Value instead.
    const value = children.get('value') ?? children.get('Value');
    return [(children.get('key') ?? children.get('Name'))?.value ?? '', value && decodeValue(value, type.map, place)];
  });
  return Object.fromEntries(entries);
}

/** The items of a list from the first on, as far as their numbers go without a gap. An empty list is sent as a bare name. */
function itemsOf(node: Node, name: string): readonly Node[] {
  const numbered = node.children.get(name)?.children;
  const items: Node[] = [];
  for (let number = 1; ; number++) {
    const item = numbered?.get(String(number));
    if (item === undefined) return items;
    items.push(item);
  }
}

function decodeScalar(text: string, type: Extract<Type, string>, { member }: Place): unknown {
  switch (type) {
    case 'string':
      return text;
    case 'integer':
      if (/^-?\d{1,15}$/.test(text)) return Number(text);
      throw invalid({ member, value: text }, 'Member must be an integer');
    case 'boolean':
      if (text === 'true' || text === 'false') return text === 'true';
      throw invalid({ member, value: text }, 'Member must be true or false');
    case 'blob':
      return Buffer.from(text, 'base64');
    case 'date':
      if (!Number.isNaN(Date.parse(text))) return new Date(Date.parse(text));
      throw invalid({ member, value: text }, 'Member must be a timestamp');
  }
}

/** A refusal in the words of AWS's validation; a member's name begins with a small letter there. */
export function invalid(
  { member, value }: { readonly member: string; readonly value: string | number | null },
  constraint: string,
): IamError {
  const name = member.charAt(0).toLowerCase() + member.slice(1);
  return new IamError(
    'ValidationError',
    `1 validation error detected: Value ${value === null ? 'null' : `'${value}'`} at '${name}' failed to satisfy constraint: ${constraint}`,
  );
}

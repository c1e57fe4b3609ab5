/**
 * Answers of the query protocol: XML whose elements are named by the model.
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
import type { IamError } from '../errors.ts';
import type { ServiceSchema, StructureTable, Type } from './schema.ts';

export function encodeOutput(
  service: ServiceSchema,
  action: string,
  { output, requestId }: { output: object; requestId: string },
): string {
  const { output: name } = service.operations[action] ?? {};
  const members = name === undefined ? '' : encodeStructure(output, name, service.structures);
  const result = name === undefined ? '' : `<${action}Result>${members}</${action}Result>`;
  const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
  return `<${action}Response xmlns="${service.namespace}">${result}${metadata}</${action}Response>\n`;
}

export function encodeError(service: ServiceSchema, error: IamError, requestId: string): string {
  const { code, message, status } = error;
  const type = status >= 500 ? 'Receiver' : 'Sender';
  const elements = `<Type>${type}</Type><Code>${code}</Code><Message>${escapeText(message)}</Message>`;
  return (
    `<ErrorResponse xmlns="${service.namespace}"><Error>${elements}</Error>` +
    `<RequestId>${requestId}</RequestId></ErrorResponse>\n`
  );
}

function encodeStructure(value: object, name: string, structures: StructureTable): string {
  return (structures[name] ?? [])
    .map(([member, type]) => {
      const found: unknown = Reflect.get(value, member);
      return found === undefined ? '' : `<${member}>${encodeValue(found, type, structures)}</${member}>`;
    })
    .join('');
}

function encodeValue(value: unknown, type: Type, structures: StructureTable): string {
  if (value instanceof Date) return value.toISOString().replace(/\.\d{3}Z$/, 'Z');
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value !== 'object' || value === null) return escapeText(String(value));
  if (typeof type === 'string') throw new Error(`a ${type} is no object`);
  if ('structure' in type) return encodeStructure(value, type.structure, structures);
  if ('map' in type) {
    return Object.entries(value)
      .map(([key, item]) => {
        return `<entry><key>${escapeText(key)}</key><value>${encodeValue(item, type.map, structures)}</value></entry>`;
      })
      .join('');
  }
  if (!Array.isArray(value)) throw new Error('a list is an array');
  return value.map((item) => `<member>${encodeValue(item, type.list, structures)}</member>`).join('');
}

const named: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Markup becomes entities; what some parser would change or refuse a reference. */
function escapeText(text: string): string {
  return text.replaceAll(/[&<>"\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]/g, (character) => {
    return named[character] ?? `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`;
  });
}

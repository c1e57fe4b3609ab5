/**
 * What KMS gives out for a text that it has encrypted, by AES-256-GCM: version (1 byte), length of the key's name (1), the
 * name, `account/id`, place of the material among those of the key (2, big-endian), salt (16), the encrypted text, and the tag
 * (16). All before the salt and the encryption context are authenticated with the text.
 *
 * The salt makes a key of its own of the material for every text, so that no number of texts wears the material out.
 */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { randomBuffer } from '../lib/ids.ts';

/** Names and values that an encrypted text is bound to: it opens with the same ones alone. */
export type EncryptionContext = Readonly<Record<string, string>>;

/** Whose material a text was encrypted with. */
export interface CiphertextHead {
  /** Account and id of the key. */
  readonly accountId: string;
  readonly keyId: string;
  readonly material: number;
}

export interface Ciphertext {
  readonly head: CiphertextHead;
  /** As it was authenticated. */
  readonly headBytes: Buffer;
  readonly salt: Buffer;
  readonly text: Buffer;
  readonly tag: Buffer;
}

const version = 1;
const algorithm = 'aes-256-gcm';
const saltBytes = 16;
/** Each key encrypts one text. */
const nonce = Buffer.alloc(12);
const tagBytes = 16;
const nameForm = /^(\d{12})\/(.+)$/s;

export function encrypt(
  text: Uint8Array,
  { head, material, context }: { head: CiphertextHead; material: Buffer; context: EncryptionContext },
): Buffer {
  const headBytes = encodeHead(head);
  const salt = randomBuffer(saltBytes);
  const cipher = createCipheriv(algorithm, salted(material, salt), nonce);
  cipher.setAAD(authenticated(headBytes, context));
  return Buffer.concat([headBytes, salt, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

/** The parts of what `encrypt` has made; undefined for what it has not. */
export function readCiphertext(bytes: Buffer): Ciphertext | undefined {
  const nameLength = bytes[1] ?? 0;
  const headLength = 2 + nameLength + 2;
  if (bytes[0] !== version || bytes.length < headLength + saltBytes + tagBytes) return undefined;
  const [, accountId, keyId] = nameForm.exec(bytes.toString('utf8', 2, 2 + nameLength)) ?? [];
  if (accountId === undefined || keyId === undefined) return undefined;
  return {
    head: { accountId, keyId, material: bytes.readUInt16BE(2 + nameLength) },
    headBytes: bytes.subarray(0, headLength),
    salt: bytes.subarray(headLength, headLength + saltBytes),
    text: bytes.subarray(headLength + saltBytes, -tagBytes),
    tag: bytes.subarray(-tagBytes),
  };
}

/** Undefined where it was not encrypted so, with this material and this context. */
export function decrypt(
  { headBytes, salt, text, tag }: Ciphertext,
  { material, context }: { material: Buffer; context: EncryptionContext },
): Buffer | undefined {
  const decipher = createDecipheriv(algorithm, salted(material, salt), nonce);
  decipher.setAAD(authenticated(headBytes, context));
  decipher.setAuthTag(tag);
  const plain = decipher.update(text);
  try {
    return Buffer.concat([plain, decipher.final()]);
  } catch {
    // The tag does not fit: that is the answer, and there is nothing more to say of it.
    return undefined;
  }
}

function salted(material: Buffer, salt: Buffer): Buffer {
  return createHmac('sha256', material).update('ninefold kms').update(salt).digest();
}

function encodeHead({ accountId, keyId, material }: CiphertextHead): Buffer {
  const name = Buffer.from(`${accountId}/${keyId}`);
  const bytes = Buffer.alloc(2 + name.length + 2);
  bytes[0] = version;
  bytes[1] = name.length;
  name.copy(bytes, 2);
  bytes.writeUInt16BE(material, 2 + name.length);
  return bytes;
}

/** Whatever the order in which the context was given. */
function authenticated(headBytes: Buffer, context: EncryptionContext): Buffer {
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat([headBytes, Buffer.from(JSON.stringify(pairs))]);
}

/**
 * The certificate and key that the port serves with: those of the files that the configuration names, read again when they
 * change, or one that the server has made itself and keeps in the data folder.
 *
 * Files are replaced while they are watched, one after the other and perhaps not at once. So a pair counts only when it is
 * whole and fits; until then the one in use stays, and what keeps another from taking its place is told in the log.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { type Config, ConfigError, type Setting } from './config.ts';
import { writePrivately } from './data-folder.ts';
import { makeSelfSigned } from './lib/certificates/self-signed.ts';
import type { Clock } from './lib/clock.ts';
import type { Log } from './lib/log.ts';
import { hostOfEndpoint } from './s3/door/public-endpoints.ts';

/** A chain of certificates, the server's own first, and its key, in PEM. */
export interface TlsPair {
  readonly certificate: string;
  readonly key: string;
}

/** A pair that can change. */
export interface TlsFiles {
  readonly pair: TlsPair;
  /** Called with every pair that follows. */
  onChange(listener: (pair: TlsPair) => void): void;
  /** Looks at the files now. */
  reload(): void;
  close(): void;
}

type TlsConfig = Pick<Config, 'tls' | 'data' | 'host' | 'domains' | 'publicEndpoints' | 'placeOf'>;

const lookEveryMs = 2_000;
const dayMs = 24 * 60 * 60 * 1000;
/** Some systems trust no certificate that is valid for longer. */
const selfSignedDays = 825;

/** Opens what `tls` names; undefined where it is not set. Throws ConfigError, which names the setting and its line. */
export function openTls(config: TlsConfig, { clock, log }: { clock: Clock; log: Log }): TlsFiles | undefined {
  const { tls } = config;
  if (tls === undefined) return undefined;
  if (tls.selfSigned) {
    const pair = openSelfSigned(config, clock);
    return { pair, onChange: () => {}, reload: () => {}, close: () => {} };
  }
  return new WatchedPair(() => readPair(config), log);
}

/** The certificate that a server of this configuration shows, without the chain that leads to it. Throws PairError. */
export function ownCertificate(config: Pick<Config, 'tls' | 'data'>): string {
  const [own] = certificatesIn(readText(certificateFile(config) ?? ''));
  return own?.toString() ?? '';
}

/** The file that it stands in, with its chain. */
export function certificateFile({ tls, data }: Pick<Config, 'tls' | 'data'>): string | undefined {
  return tls?.selfSigned ? selfSignedFiles(data).certificate : tls?.certificate;
}

/** A file of the pair cannot be used. */
export class PairError extends Error {
  override readonly name = 'PairError';
}

class WatchedPair implements TlsFiles {
  pair: TlsPair;
  readonly #read: () => TlsPair;
  readonly #log: Log;
  readonly #listeners: ((pair: TlsPair) => void)[] = [];
  readonly #timer: NodeJS.Timeout;
  /** What was wrong at the last look: told only if it is still so at the next one. */
  #trouble = '';
  #told = '';

  constructor(read: () => TlsPair, log: Log) {
    this.#read = read;
    this.#log = log;
    this.pair = read();
    this.#timer = setInterval(() => this.#look(false), lookEveryMs).unref();
  }

  onChange(listener: (pair: TlsPair) => void): void {
    this.#listeners.push(listener);
  }

  reload(): void {
    this.#look(true);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(tellAtOnce: boolean): void {
    try {
      const { certificate, key } = this.#read();
      this.#trouble = '';
      this.#told = '';
      if (certificate === this.pair.certificate && key === this.pair.key) return;
      this.pair = { certificate, key };
      for (const listener of this.#listeners) listener(this.pair);
      const { validTo, subject } = new X509Certificate(certificate);
      this.#log.info({ subject, validTo }, 'New connections get the new certificate');
    } catch (error) {
      const trouble = error instanceof Error ? error.message : String(error);
      const isNews = trouble !== this.#told && (tellAtOnce || trouble === this.#trouble);
      this.#trouble = trouble;
      if (!isNews) return;
      this.#told = trouble;
      this.#log.error({ trouble }, 'The new certificate cannot be used; the one before stays');
    }
  }
}

function readPair({ tls, placeOf }: TlsConfig): TlsPair {
  const reading = <T>(setting: Setting, read: () => T): T => {
    try {
      return read();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new ConfigError(`${placeOf(setting)}: ${setting.join('.')}: ${why}`, { cause: error });
    }
  };
  const certificate = reading(['tls', 'certificate'], () => readText(tls?.certificate ?? ''));
  const chain = reading(['tls', 'certificate'], () => certificatesIn(certificate));
  return reading(['tls', 'key'], () => {
    const file = tls?.key ?? '';
    const key = readText(file);
    if (!chain[0]?.checkPrivateKey(keyIn(key))) {
      throw new PairError(`${file} is not the key of the first certificate in ${tls?.certificate}`);
    }
    return { certificate: certificate.text, key: key.text };
  });
}

interface PemFile {
  readonly file: string;
  readonly text: string;
}

function readText(file: string): PemFile {
  try {
    return { file, text: readFileSync(file, 'utf8') };
  } catch (cause) {
    throw new PairError(`${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function certificatesIn({ file, text }: PemFile): readonly X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? [];
  // One that was begun and not ended, as in a file that is still being written.
  const begun = text.match(/-----BEGIN CERTIFICATE-----/g)?.length ?? 0;
  if (blocks.length === 0 || begun !== blocks.length) throw new PairError(`${file} holds no whole certificate in PEM`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw new PairError(`${file} holds what is no certificate`, { cause });
  }
}

function keyIn({ file, text }: PemFile): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (cause) {
    throw new PairError(`${file} holds no private key in PEM that opens without a passphrase`, { cause });
  }
}

function selfSignedFiles(data: string): TlsPair {
  return { certificate: join(data, 'self-signed-certificate.pem'), key: join(data, 'self-signed-key.pem') };
}

/** The pair kept in the data folder; made anew where there is none, it ends within a month, or it lacks a name. */
function openSelfSigned(config: TlsConfig, clock: Clock): TlsPair {
  const files = selfSignedFiles(config.data);
  const names = namesOf(config);
  const nowMs = clock.nowMs();
  const kept = keptPair(files);
  if (kept !== undefined && isFit(kept.certificate, names, nowMs + 30 * dayMs)) return kept;
  const made = makeSelfSigned({ names, notBeforeMs: nowMs - dayMs, notAfterMs: nowMs + selfSignedDays * dayMs });
  writePrivately({ file: files.key, text: made.key });
  writePrivately({ file: files.certificate, text: made.certificate });
  return made;
}

/** Undefined where a file is missing or damaged, or one was replaced and the other not. */
function keptPair(files: TlsPair): TlsPair | undefined {
  if (!existsSync(files.certificate) || !existsSync(files.key)) return undefined;
  const [certificate, key] = [readText(files.certificate), readText(files.key)];
  try {
    const [own] = certificatesIn(certificate);
    const fits = own?.checkPrivateKey(keyIn(key)) === true;
    return fits ? { certificate: certificate.text, key: key.text } : undefined;
  } catch (error) {
    if (error instanceof PairError) return undefined;
    throw error;
  }
}

function isFit(pem: string, names: readonly string[], untilMs: number): boolean {
  const certificate = new X509Certificate(pem);
  const knows = (name: string) =>
    isIP(name) === 0 ? certificate.checkHost(name.replace(/^\*/, 'any')) : certificate.checkIP(name);
  return certificate.validToDate.getTime() > untilMs && names.every((name) => knows(name) !== undefined);
}

/** All names by which clients may know the server, with buckets before those that are domains. */
function namesOf({ host, domains, publicEndpoints }: TlsConfig): readonly string[] {
  const own = ['0.0.0.0', '::'].includes(host) ? [] : [host];
  const names = [
    ...['localhost', 's3.localhost', '*.s3.localhost', '127.0.0.1', '::1'],
    ...own,
    // Clients take no wildcard right below the top.
    ...domains.flatMap((domain) => (domain.includes('.') ? [domain, `*.${domain}`] : [domain])),
    ...publicEndpoints.map(hostOfEndpoint),
  ];
  return [...new Set(names)];
}

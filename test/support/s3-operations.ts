/** The S3 operations that the random tests use, each one request; answers are given back as they came. */
import { createHash } from 'node:crypto';
import type { ModelAction, ModelRule } from './lifecycle-model.ts';
import { versionLine } from './reference-model.ts';
import type { S3Answer, S3Http } from './s3-http.ts';

export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
}
export interface UploadName extends ObjectName {
  readonly uploadId: string;
}
type Headers = Readonly<Record<string, string>>;

export interface ListingQuery {
  readonly bucket: string;
  readonly prefix: string;
  readonly delimiter: string;
  readonly pageSize: number;
}

/** How each listing is asked for and goes on, and the elements that it shows. */
const listings = {
  objects: {
    query: { 'list-type': '2' },
    limit: 'max-keys',
    markers: [['continuation-token', 'NextContinuationToken']],
    elements: { Contents: (text: string) => keyOf(text) },
  },
  objectsWithEtags: {
    query: { 'list-type': '2' },
    limit: 'max-keys',
    markers: [['continuation-token', 'NextContinuationToken']],
    elements: { Contents: (text: string) => `${keyOf(text)} ${etagOf(text)}` },
  },
  versions: {
    query: { versions: '' },
    limit: 'max-keys',
    markers: [
      ['key-marker', 'NextKeyMarker'],
      ['version-id-marker', 'NextVersionIdMarker'],
    ],
    elements: { Version: (text: string) => lineOf(text, true), DeleteMarker: (text: string) => lineOf(text, false) },
  },
  uploads: {
    query: { uploads: '' },
    limit: 'max-uploads',
    markers: [
      ['key-marker', 'NextKeyMarker'],
      ['upload-id-marker', 'NextUploadIdMarker'],
    ],
    elements: { Upload: (text: string) => `${keyOf(text)} ${element(text, 'UploadId')}` },
  },
} as const;

export class S3Operations {
  readonly #http: S3Http;

  constructor(http: S3Http) {
    this.#http = http;
  }

  createBucket(bucket: string): Promise<S3Answer> {
    return this.#http.send({ method: 'PUT', path: `/${bucket}` });
  }

  deleteBucket(bucket: string): Promise<S3Answer> {
    return this.#http.send({ method: 'DELETE', path: `/${bucket}` });
  }

  setVersioning(bucket: string, status: 'Enabled' | 'Suspended'): Promise<S3Answer> {
    const body = Buffer.from(`<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`);
    return this.#http.send({
      method: 'PUT',
      path: `/${bucket}`,
      query: { versioning: '' },
      headers: md5Header(body),
      body,
    });
  }

  setLifecycle(bucket: string, rules: readonly ModelRule[]): Promise<S3Answer> {
    const body = Buffer.from(`<LifecycleConfiguration>${rules.map(ruleXml).join('')}</LifecycleConfiguration>`);
    const headers = md5Header(body);
    return this.#http.send({ method: 'PUT', path: `/${bucket}`, query: { lifecycle: '' }, headers, body });
  }

  deleteLifecycle(bucket: string): Promise<S3Answer> {
    return this.#http.send({ method: 'DELETE', path: `/${bucket}`, query: { lifecycle: '' } });
  }

  put(name: ObjectName, body: Buffer, headers: Headers = {}): Promise<S3Answer> {
    return this.#http.send({ method: 'PUT', path: pathOf(name), headers, body });
  }

  get(name: ObjectName, headers: Headers = {}): Promise<S3Answer> {
    return this.#http.send({ method: 'GET', path: pathOf(name), query: versionOf(name), headers });
  }

  head(name: ObjectName): Promise<S3Answer> {
    return this.#http.send({ method: 'HEAD', path: pathOf(name), query: versionOf(name) });
  }

  delete(name: ObjectName, headers: Headers = {}): Promise<S3Answer> {
    return this.#http.send({ method: 'DELETE', path: pathOf(name), query: versionOf(name), headers });
  }

  deleteMany(bucket: string, keys: readonly string[]): Promise<S3Answer> {
    const objects = keys.map((key) => `<Object><Key>${escapeXml(key)}</Key></Object>`).join('');
    const body = Buffer.from(`<Delete>${objects}</Delete>`);
    return this.#http.send({
      method: 'POST',
      path: `/${bucket}`,
      query: { delete: '' },
      headers: md5Header(body),
      body,
    });
  }

  copy(source: ObjectName, target: ObjectName, headers: Headers = {}): Promise<S3Answer> {
    return this.#http.send({
      method: 'PUT',
      path: pathOf(target),
      headers: { 'x-amz-copy-source': copySource(source), ...headers },
    });
  }

  setTag(name: ObjectName, value: string): Promise<S3Answer> {
    const body = Buffer.from(`<Tagging><TagSet><Tag><Key>n</Key><Value>${value}</Value></Tag></TagSet></Tagging>`);
    const query = { tagging: '', ...versionOf(name) };
    return this.#http.send({ method: 'PUT', path: pathOf(name), query, headers: md5Header(body), body });
  }

  deleteTags(name: ObjectName): Promise<S3Answer> {
    return this.#http.send({ method: 'DELETE', path: pathOf(name), query: { tagging: '', ...versionOf(name) } });
  }

  /** The tag that `setTag` set. */
  async getTag(name: ObjectName): Promise<string | undefined> {
    const query = { tagging: '', ...versionOf(name) };
    const { body } = await this.#http.send({ method: 'GET', path: pathOf(name), query });
    return /<Value>(.*?)<\/Value>/.exec(body.toString())?.[1];
  }

  restore(name: ObjectName, { days, tier }: { days: number; tier: string }): Promise<S3Answer> {
    const parameters = `<GlacierJobParameters><Tier>${tier}</Tier></GlacierJobParameters>`;
    const body = Buffer.from(`<RestoreRequest><Days>${days}</Days>${parameters}</RestoreRequest>`);
    const query = { restore: '', ...versionOf(name) };
    return this.#http.send({ method: 'POST', path: pathOf(name), query, headers: md5Header(body), body });
  }

  createUpload(name: ObjectName, headers: Headers = {}): Promise<S3Answer> {
    return this.#http.send({ method: 'POST', path: pathOf(name), query: { uploads: '' }, headers });
  }

  putPart(upload: UploadName, number: number, body: Buffer): Promise<S3Answer> {
    return this.#http.send({ method: 'PUT', path: pathOf(upload), query: partOf(upload, number), body });
  }

  copyPart(upload: UploadName, number: number, source: ObjectName): Promise<S3Answer> {
    const headers = { 'x-amz-copy-source': copySource(source) };
    return this.#http.send({ method: 'PUT', path: pathOf(upload), query: partOf(upload, number), headers });
  }

  complete(upload: UploadName, parts: readonly { number: number; etag: string }[], headers: Headers = {}) {
    const listed = parts.map(
      ({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>"${etag}"</ETag></Part>`,
    );
    const body = Buffer.from(`<CompleteMultipartUpload>${listed.join('')}</CompleteMultipartUpload>`);
    const query = { uploadId: upload.uploadId };
    return this.#http.send({ method: 'POST', path: pathOf(upload), query, headers, body });
  }

  abort(upload: UploadName): Promise<S3Answer> {
    return this.#http.send({ method: 'DELETE', path: pathOf(upload), query: { uploadId: upload.uploadId } });
  }

  /** The parts of an upload, a line each. */
  async listParts(upload: UploadName): Promise<string[]> {
    const query = { uploadId: upload.uploadId };
    const { body } = await this.#http.send({ method: 'GET', path: pathOf(upload), query });
    return Array.from(
      body.toString().matchAll(/<Part>(.*?)<\/Part>/gs),
      ([, text = '']) => `${element(text, 'PartNumber')} ${element(text, 'Size')} ${etagOf(text)}`,
    );
  }

  /** A whole listing, page by page, as lines like those of the reference model; prefixes stand behind all other lines. */
  async list(what: keyof typeof listings, { bucket, prefix, delimiter, pageSize }: ListingQuery): Promise<string[]> {
    const { query, limit, markers, elements } = listings[what];
    const asked = {
      ...query,
      prefix,
      'encoding-type': 'url',
      [limit]: String(pageSize),
      ...(delimiter && { delimiter }),
    };
    const items: string[] = [];
    const prefixes: string[] = [];
    for (let next: Record<string, string> | undefined = {}; next !== undefined; ) {
      const answer = await this.#http.send({ method: 'GET', path: `/${bucket}`, query: { ...asked, ...next } });
      if (answer.status !== 200) throw new Error(`The listing was answered ${answer.status} ${answer.code}`);
      const page = answer.body.toString();
      for (const [name, text] of elementsOf(page, [...Object.keys(elements), 'CommonPrefixes'])) {
        if (name === 'CommonPrefixes') prefixes.push(`PRE ${decodeListed(element(text, 'Prefix'))}`);
        else items.push(Object.entries(elements).find(([known]) => known === name)?.[1](text) ?? '');
      }
      next = element(page, 'IsTruncated') === 'true' ? nextOf(page, markers) : undefined;
    }
    return [...items, ...prefixes];
  }
}

/** The elements of these names in a page, in its order, with what is in them. */
function* elementsOf(page: string, names: readonly string[]): Generator<readonly [name: string, text: string]> {
  for (const [, name = '', text = ''] of page.matchAll(new RegExp(`<(${names.join('|')})>(.*?)</\\1>`, 'gs'))) {
    yield [name, text];
  }
}

function nextOf(
  page: string,
  markers: readonly (readonly [parameter: string, name: string])[],
): Record<string, string> {
  const given = markers.filter(([, name]) => page.includes(`<${name}>`));
  return Object.fromEntries(
    given.map(([parameter, name]) => [
      parameter,
      name === 'NextKeyMarker' ? decodeListed(element(page, name)) : element(page, name),
    ]),
  );
}

function lineOf(text: string, isObject: boolean): string {
  return versionLine(keyOf(text), {
    versionId: element(text, 'VersionId'),
    isLatest: element(text, 'IsLatest') === 'true',
    etag: isObject ? etagOf(text) : '',
    content: isObject ? { length: Number(element(text, 'Size')) } : undefined,
    storageClass: element(text, 'StorageClass'),
  });
}

function ruleXml({ isEnabled, filter, action }: ModelRule, index: number): string {
  const { prefix, tag, largerThan, smallerThan } = filter;
  const conditions = [
    `<Prefix>${escapeXml(prefix)}</Prefix>`,
    ...(tag === undefined ? [] : [`<Tag><Key>n</Key><Value>${tag}</Value></Tag>`]),
    ...(largerThan === undefined ? [] : [`<ObjectSizeGreaterThan>${largerThan}</ObjectSizeGreaterThan>`]),
    ...(smallerThan === undefined ? [] : [`<ObjectSizeLessThan>${smallerThan}</ObjectSizeLessThan>`]),
  ];
  const all = conditions.length === 1 ? conditions[0] : `<And>${conditions.join('')}</And>`;
  const status = isEnabled ? 'Enabled' : 'Disabled';
  return `<Rule><ID>rule-${index}</ID><Filter>${all}</Filter><Status>${status}</Status>${actionXml(action)}</Rule>`;
}

function actionXml(action: ModelAction): string {
  const newer = (count: number) => (count === 0 ? '' : `<NewerNoncurrentVersions>${count}</NewerNoncurrentVersions>`);
  switch (action.kind) {
    case 'expire':
      return `<Expiration><Days>${action.days}</Days></Expiration>`;
    case 'expire on a date':
      return `<Expiration><Date>${action.isPast ? '2020' : '2220'}-01-01T00:00:00Z</Date></Expiration>`;
    case 'expire markers':
      return '<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>';
    case 'expire noncurrent': {
      const days = `<NoncurrentDays>${action.days}</NoncurrentDays>`;
      return `<NoncurrentVersionExpiration>${days}${newer(action.newer)}</NoncurrentVersionExpiration>`;
    }
    case 'abort uploads': {
      const days = `<DaysAfterInitiation>${action.days}</DaysAfterInitiation>`;
      return `<AbortIncompleteMultipartUpload>${days}</AbortIncompleteMultipartUpload>`;
    }
    case 'move':
      return `<Transition><Days>${action.days}</Days><StorageClass>${action.to}</StorageClass></Transition>`;
    case 'move noncurrent': {
      const days = `<NoncurrentDays>${action.days}</NoncurrentDays>${newer(action.newer)}`;
      return `<NoncurrentVersionTransition>${days}<StorageClass>${action.to}</StorageClass></NoncurrentVersionTransition>`;
    }
  }
}

/** What is in the first element of a name; empty if there is none. */
export function element(text: string, name: string): string {
  return new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(text)?.[1] ?? '';
}

function keyOf(text: string): string {
  return decodeListed(element(text, 'Key'));
}

/** The ETag in an element, without its quotes. */
export function etagOf(text: string): string {
  return element(text, 'ETag').replaceAll('&quot;', '').replaceAll('"', '');
}

function decodeListed(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

function escapeXml(text: string): string {
  return text.replace(/[&<>\uffff]/g, (found) => `&#${found.charCodeAt(0)};`);
}

function pathOf({ bucket, key }: ObjectName): string {
  return `/${bucket}/${key}`;
}

function versionOf({ versionId }: ObjectName): Record<string, string> {
  return versionId === undefined ? {} : { versionId };
}

/** XML documents that change a bucket or delete objects must come with a checksum. */
function md5Header(body: Buffer): Headers {
  return { 'content-md5': createHash('md5').update(body).digest('base64') };
}

function partOf({ uploadId }: UploadName, number: number): Record<string, string> {
  return { partNumber: String(number), uploadId };
}

function copySource({ bucket, key, versionId }: ObjectName): string {
  const path = `/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
  return versionId === undefined ? path : `${path}?versionId=${versionId}`;
}

/** A page of 1,000 keys as XML. */
import { encoderOf } from '../../src/s3/model/encode.ts';
import type { OutputOf } from '../../src/s3/model/types.ts';
import type { Kernel } from './kernel.ts';

function page(): OutputOf<'ListObjectsV2'> {
  return {
    Name: 'photos',
    Prefix: '',
    MaxKeys: 1000,
    KeyCount: 1000,
    IsTruncated: true,
    NextContinuationToken: 'opaque',
    Contents: Array.from({ length: 1000 }, (_, i) => ({
      Key: `2026/11/holiday-${String(i).padStart(4, '0')}.jpg`,
      LastModified: new Date(Date.UTC(2026, 10, 24, 12) + i),
      ETag: `"${String(i).padStart(32, '0')}"`,
      Size: 4096 + i,
      StorageClass: 'STANDARD',
    })),
  };
}

export const pageKernel: Kernel = {
  name: 'kernel-page-xml',
  title: 'XML of a page of 1,000 keys',
  limitIs: 'JSON.stringify of the same, as bytes',
  open() {
    const output = page();
    const encode = encoderOf('ListObjectsV2');
    return {
      run(times) {
        for (let i = 0; i < times; i++) encode(output);
      },
      limit(times) {
        for (let i = 0; i < times; i++) Buffer.from(JSON.stringify(output));
      },
    };
  },
};

import { expectTypeOf, test } from 'vitest';
import type { InputOf, OperationName, OutputOf } from './types.ts';

test('every operation has an input and an output type', () => {
  type Without = { [N in OperationName]: [InputOf<N>] extends [never] ? N : [OutputOf<N>] extends [never] ? N : never };
  expectTypeOf<Without[OperationName]>().toEqualTypeOf<never>();
  expectTypeOf<'PutObject' | 'ListObjectsV2'>().toExtend<OperationName>();
  expectTypeOf<'$' | 'Nonsense'>().not.toExtend<OperationName>();
});

test('required members of an input are present, at every depth', () => {
  expectTypeOf<InputOf<'CopyObject'>['CopySource']>().toEqualTypeOf<string>();
  expectTypeOf<InputOf<'CopyObject'>['ContentType']>().toEqualTypeOf<string | undefined>();
  expectTypeOf<InputOf<'PutObjectTagging'>['Tagging']['TagSet'][number]>().toEqualTypeOf<{
    Key: string;
    Value: string;
  }>();
  expectTypeOf<InputOf<'UploadPart'>['PartNumber']>().toEqualTypeOf<number>();
});

test('streaming members are absent from inputs and byte sources in outputs', () => {
  expectTypeOf<'Body'>().not.toExtend<keyof InputOf<'PutObject'>>();
  expectTypeOf<'Body'>().not.toExtend<keyof InputOf<'UploadPart'>>();
  expectTypeOf<'AnnotationPayload'>().not.toExtend<keyof InputOf<'PutObjectAnnotation'>>();
  expectTypeOf<OutputOf<'GetObject'>['Body']>().toEqualTypeOf<Uint8Array | AsyncIterable<Uint8Array> | undefined>();
});

test('dates are dates, but Expires is text', () => {
  expectTypeOf<InputOf<'GetObject'>['IfModifiedSince']>().toEqualTypeOf<Date | undefined>();
  expectTypeOf<InputOf<'PutObject'>['Expires']>().toEqualTypeOf<string | undefined>();
  expectTypeOf<OutputOf<'GetObject'>['Expires']>().toEqualTypeOf<string | undefined>();
  expectTypeOf<'$metadata' | 'ExpiresString'>().not.toExtend<keyof OutputOf<'GetObject'>>();
});

import { describe, expect, it } from 'vitest';
import { parseTarget } from './addressing.ts';
import { groupedWithHoisted, withHoisted } from './hoisted-headers.ts';

const signed =
  'X-Amz-Algorithm=a&X-Amz-Credential=c&X-Amz-Date=d&X-Amz-Expires=9&X-Amz-SignedHeaders=host&X-Amz-Signature=s';
const hoistedIn = (query: string) => parseTarget({ url: `/b/k?${query}`, host: 'localhost' }, []).hoisted;

describe('headers in a presigned query', () => {
  it('x-amz-* parameters beside the signature → headers, the signature’s own left out', () => {
    const hoisted = hoistedIn(`${signed}&x-amz-meta-Colour=blue&x-amz-acl=private&prefix=p`);
    expect([...hoisted]).toEqual([
      ['x-amz-meta-colour', 'blue'],
      ['x-amz-acl', 'private'],
    ]);
    expect(withHoisted({ host: 'h', 'x-amz-acl': 'sent' }, hoisted)).toEqual({
      host: 'h',
      'x-amz-acl': 'sent',
      'x-amz-meta-colour': 'blue',
    });
    expect(groupedWithHoisted(new Map([['x-amz-acl', ['sent']]]), hoisted).get('x-amz-acl')).toEqual(['sent']);
  });

  it('no signature in the query → no headers from it', () => {
    expect(hoistedIn('x-amz-meta-colour=blue').size).toBe(0);
  });
});

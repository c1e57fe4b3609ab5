import { describe, expect, test } from 'vitest';
import { regionOfConstraint } from './regions.ts';

const only = (own: string) => ({ own, others: [] });

describe('regionOfConstraint', () => {
  test.each([
    ['none in us-east-1', undefined, 'us-east-1'],
    ['empty in us-east-1', '', 'us-east-1'],
    ["the server's region", 'eu-central-1', 'eu-central-1'],
    ['a region that only this server has', 'home', 'home'],
    ['EU in eu-west-1', 'EU', 'eu-west-1'],
  ])('%s → accepted', (_condition, constraint, region) => {
    expect(regionOfConstraint(constraint, only(region))).toBe(region);
  });

  test.each([
    ['us-east-1 by name', 'us-east-1', 'us-east-1', 'InvalidLocationConstraint'],
    ['us-east-1 by name in another region', 'us-east-1', 'eu-west-1', 'InvalidLocationConstraint'],
    ['no name of a region', 'not a region!', 'us-east-1', 'InvalidLocationConstraint'],
    ['another region', 'eu-west-1', 'us-east-1', 'IllegalLocationConstraintException'],
    ['none outside us-east-1', undefined, 'eu-west-1', 'IllegalLocationConstraintException'],
    ['EU elsewhere', 'EU', 'us-east-1', 'IllegalLocationConstraintException'],
  ])('%s → refused', (_condition, constraint, region, code) => {
    expect(() => regionOfConstraint(constraint, only(region))).toThrow(expect.objectContaining({ code, status: 400 }));
  });

  test('another region → named in the message', () => {
    expect(() => regionOfConstraint('eu-west-1', only('us-east-1'))).toThrow(
      'The eu-west-1 location constraint is incompatible',
    );
    expect(() => regionOfConstraint(undefined, only('eu-west-1'))).toThrow(
      'The unspecified location constraint is incompatible',
    );
  });

  test('another region that is accepted by name or by * → the bucket is made there', () => {
    for (const others of [['eu-west-1'], ['*']]) {
      expect(regionOfConstraint('eu-west-1', { own: 'us-east-1', others })).toBe('eu-west-1');
      expect(regionOfConstraint(undefined, { own: 'us-east-1', others })).toBe('us-east-1');
    }
    expect(() => regionOfConstraint('eu-west-2', { own: 'us-east-1', others: ['eu-west-1'] })).toThrow();
  });
});

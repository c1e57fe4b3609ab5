import { describe, expect, test } from 'vitest';
import { checkLocation } from './regions.ts';

describe('checkLocation', () => {
  test.each([
    ['none in us-east-1', undefined, 'us-east-1'],
    ['empty in us-east-1', '', 'us-east-1'],
    ["the server's region", 'eu-central-1', 'eu-central-1'],
    ['a region that only this server has', 'home', 'home'],
    ['EU in eu-west-1', 'EU', 'eu-west-1'],
  ])('%s → accepted', (_condition, constraint, region) => {
    expect(() => checkLocation(constraint, region)).not.toThrow();
  });

  test.each([
    ['us-east-1 by name', 'us-east-1', 'us-east-1', 'InvalidLocationConstraint'],
    ['us-east-1 by name in another region', 'us-east-1', 'eu-west-1', 'InvalidLocationConstraint'],
    ['no name of a region', 'not a region!', 'us-east-1', 'InvalidLocationConstraint'],
    ['another region', 'eu-west-1', 'us-east-1', 'IllegalLocationConstraintException'],
    ['none outside us-east-1', undefined, 'eu-west-1', 'IllegalLocationConstraintException'],
    ['EU elsewhere', 'EU', 'us-east-1', 'IllegalLocationConstraintException'],
  ])('%s → refused', (_condition, constraint, region, code) => {
    expect(() => checkLocation(constraint, region)).toThrow(expect.objectContaining({ code, status: 400 }));
  });

  test('another region → named in the message', () => {
    expect(() => checkLocation('eu-west-1', 'us-east-1')).toThrow('The eu-west-1 location constraint is incompatible');
    expect(() => checkLocation(undefined, 'eu-west-1')).toThrow('The unspecified location constraint is incompatible');
  });
});

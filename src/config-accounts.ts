/** The settings that say who there is: accounts with users, groups, roles and policies. */
import { z } from 'zod';

/** A key of an account's root, or of a user. */
export const keySchema = z.strictObject({
  accessKeyId: z.string().regex(/^[\w-]{3,128}$/, '3 to 128 letters, digits, hyphens or underscores'),
  secretAccessKey: z.string().min(8, 'at least 8 characters').max(128),
});

const policySchema = z.record(z.string(), z.unknown());
const holder = {
  name: z.string().min(1),
  path: z.string().default('/'),
  policies: z.array(z.string()).default([]),
  inlinePolicies: z.record(z.string(), policySchema).default({}),
};
const principal = {
  ...holder,
  boundary: z.string().optional(),
  tags: z.record(z.string(), z.string()).default({}),
};

const userSchema = z.strictObject({
  ...principal,
  groups: z.array(z.string()).default([]),
  keys: z.array(keySchema).max(2).default([]),
});
const groupSchema = z.strictObject(holder);
const roleSchema = z.strictObject({
  ...principal,
  trust: policySchema,
  maxSessionSeconds: z.int().min(3600).max(43_200).default(3600),
});
const managedSchema = z.strictObject({
  name: z.string().min(1),
  path: z.string().default('/'),
  document: policySchema,
});
const providerSchema = z.strictObject({ url: z.string(), clientIds: z.array(z.string()).default([]) });

export const accountIdSchema = z.string().regex(/^\d{12}$/, 'twelve digits');

export const accountSchema = z.strictObject({
  id: accountIdSchema,
  displayName: z.string().min(1).optional(),
  email: z.string().min(3).optional(),
  rootKey: keySchema.optional(),
  policies: z.array(managedSchema).default([]),
  groups: z.array(groupSchema).default([]),
  users: z.array(userSchema).default([]),
  roles: z.array(roleSchema).default([]),
  oidcProviders: z.array(providerSchema).default([]),
});

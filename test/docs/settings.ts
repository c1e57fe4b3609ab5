/** The settings there are, by their paths. */
import { z } from 'zod';
import { configSchema } from '../../src/config-schema.ts';

export type SettingPath = readonly string[];

/** Paths of all settings; those in the first of a list's members by `0`. */
export function settingsOf(schema: z.core.$ZodType = configSchema): readonly SettingPath[] {
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape).flatMap(([name, inner]) => settingsOf(inner).map((path) => [name, ...path]));
  }
  if (schema instanceof z.ZodArray && schema.element instanceof z.ZodObject) {
    return settingsOf(schema.element).map((path) => ['0', ...path]);
  }
  const isWrapper =
    schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return isWrapper ? settingsOf(schema.def.innerType) : [[]];
}

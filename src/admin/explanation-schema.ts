/** The answer of `/-/explain`, for the command line, which reads it. */
import { z } from 'zod';

const conditionSchema = z.object({
  operator: z.string(),
  key: z.string(),
  expected: z.array(z.string()),
  actual: z.union([z.string(), z.array(z.string())]).optional(),
  holds: z.boolean(),
});

const statementSchema = z.object({
  layer: z.string(),
  policy: z.string(),
  number: z.number(),
  sid: z.string().optional(),
  effect: z.enum(['Allow', 'Deny']),
  misses: z.array(z.string()),
  conditions: z.array(conditionSchema),
  document: z.record(z.string(), z.unknown()),
});

const explanationSchema = z.object({
  principal: z.string(),
  action: z.string(),
  resource: z.string(),
  outcome: z.enum(['allow', 'implicit-deny', 'explicit-deny']),
  sentence: z.string(),
  steps: z.array(z.object({ step: z.string(), says: z.string(), why: z.string().optional() })),
  statements: z.array(statementSchema),
});

export const explanationsSchema = z.object({ explanations: z.array(explanationSchema) });

export type ReadExplanation = z.infer<typeof explanationSchema>;

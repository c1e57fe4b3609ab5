/** Why requests are allowed or refused, for the operator: of one that is only supposed, or of one that was refused of late. */
import { z } from 'zod';
import { IamError } from '../iam/errors.ts';
import { Refusal } from './requests.ts';
import { type Route, readBody, refuseBody } from './routes.ts';

const suppositionSchema = z.strictObject({
  as: z.string(),
  account: z.string(),
  what: z.string(),
  bucket: z.string().optional(),
  key: z.string().optional(),
  versionId: z.string().optional(),
  headers: z.record(z.string().toLowerCase(), z.string()).default({}),
  context: z.record(z.string(), z.union([z.string(), z.array(z.string())])).default({}),
});

/** Explanations are as `explanation-schema.ts` has them. */
export interface Explainer {
  explain(supposition: z.infer<typeof suppositionSchema>): Promise<readonly object[]>;
  /** By the id of a request that was refused; undefined if that is not known. */
  recall(requestId: string): readonly object[] | undefined;
}

export function explainRoutes(explainer: Explainer): readonly Route[] {
  return [
    {
      method: 'POST',
      path: 'explain',
      async run({ body }) {
        try {
          return { explanations: await explainer.explain(readBody(body, suppositionSchema)) };
        } catch (error) {
          if (!(error instanceof IamError)) throw error;
          throw new Refusal('InvalidInput', error.message);
        }
      },
    },
    {
      method: 'GET',
      path: 'explain/:requestId',
      async run({ parameters: { requestId = '' }, body }) {
        refuseBody(body);
        const explanations = explainer.recall(requestId);
        if (explanations !== undefined) return { explanations };
        throw new Refusal(
          'NoSuchRefusal',
          `No refusal of a request ${requestId} is remembered: the last few hundred are, until the server ends.`,
        );
      },
    },
  ];
}

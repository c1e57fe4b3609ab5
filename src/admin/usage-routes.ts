/** How much is stored in which bucket and below which prefix. */
import { z } from 'zod';
import type { Usage } from '../engine/usage/usage.ts';
import { Refusal } from './requests.ts';
import { type Route, readBody, refuseBody } from './routes.ts';

const countSchema = z.strictObject({ bucket: z.string(), prefix: z.string().default('') });

export function usageRoutes(usage: Pick<Usage, 'read' | 'count'>): readonly Route[] {
  return [
    {
      method: 'GET',
      path: 'usage',
      async run({ body }) {
        refuseBody(body);
        return { buckets: await usage.read() };
      },
    },
    {
      method: 'POST',
      path: 'usage/count',
      async run({ body }) {
        const asked = readBody(body, countSchema);
        const found = await usage.count(asked);
        if (found === undefined) throw new Refusal('NoSuchBucket', `There is no bucket ${asked.bucket}`);
        return found;
      },
    },
  ];
}

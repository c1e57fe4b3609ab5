/** Users as the operator sees, makes and removes them. */
import { z } from 'zod';
import { IamError, type IamErrorCode } from '../iam/errors.ts';
import type { UserAdministration } from '../iam/user-administration.ts';
import { Refusal, type RefusalCode } from './requests.ts';
import { type Parameters, type Route, readBody, refuseBody } from './routes.ts';

const newUserSchema = z.strictObject({ name: z.string(), policies: z.array(z.string()).default([]) });

const refusals: Readonly<Partial<Record<IamErrorCode, RefusalCode>>> = {
  NoSuchEntity: 'NoSuchUser',
  EntityAlreadyExists: 'Refused',
  LimitExceeded: 'Refused',
};

export function userRoutes(users: UserAdministration): readonly Route[] {
  const of = ({ account = '', name = '' }: Parameters) => ({ account, name });
  const routes: readonly Route[] = [
    {
      method: 'GET',
      path: 'accounts/:account/users',
      async run({ parameters, body }) {
        refuseBody(body);
        return { users: users.list(of(parameters).account) };
      },
    },
    {
      method: 'POST',
      path: 'accounts/:account/users',
      run: ({ parameters, body }) => users.create(of(parameters).account, readBody(body, newUserSchema)),
    },
    {
      method: 'POST',
      path: 'accounts/:account/users/:name/keys',
      run({ parameters, body }) {
        refuseBody(body);
        const { account, name } = of(parameters);
        return users.addKey(account, { name });
      },
    },
    {
      method: 'DELETE',
      path: 'accounts/:account/users/:name',
      async run({ parameters, body }) {
        refuseBody(body);
        const { account, name } = of(parameters);
        await users.remove(account, { name });
        return { users: users.list(account) };
      },
    },
  ];
  return routes.map((route) => ({ ...route, run: (call) => refusing(async () => await route.run(call)) }));
}

async function refusing(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof IamError)) throw error;
    throw new Refusal(refusals[error.code] ?? 'InvalidInput', error.message);
  }
}

/** Finds the route of a request, and reads its body. Pure. */
import type { z } from 'zod';
import { Refusal } from './requests.ts';

/** Values of the `:name` parts of a route's path, decoded. */
export type Parameters = Readonly<Record<string, string>>;

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path below `/-/`; a part `:name` stands for any text. */
  readonly path: string;
  /** What it returns is text of this type, sent as it is. */
  readonly contentType?: string;
  /** Returns what is sent as JSON with status 200. Rejects with Refusal. */
  run(call: { readonly parameters: Parameters; readonly body: string }): Promise<unknown>;
}

export interface FoundRoute {
  readonly route: Route;
  readonly parameters: Parameters;
}

/** Throws Refusal where no route has the path (404), or one has but not with this method (405). */
export function findRoute(
  routes: readonly Route[],
  request: { readonly method: string; readonly path: string },
): FoundRoute {
  const parts = request.path.split('/').map(decodePart);
  const matching = routes.flatMap((route) => {
    const parameters = match(route.path.split('/'), parts);
    return parameters === undefined ? [] : [{ route, parameters }];
  });
  if (matching.length === 0) throw new Refusal('NoSuchRoute', `There is nothing at /-/${request.path}`);
  const found = matching.find(({ route }) => route.method === request.method);
  if (found !== undefined) return found;
  const allow = matching.map(({ route }) => route.method).join(', ');
  throw new Refusal('MethodNotAllowed', `/-/${request.path} takes ${allow}`, { headers: { allow } });
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Refusal('InvalidInput', `The path has a malformed escape: ${part}`);
  }
}

function match(pattern: readonly string[], parts: readonly string[]): Parameters | undefined {
  if (pattern.length !== parts.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [i, part] of parts.entries()) {
    const expected = pattern[i] ?? '';
    if (expected.startsWith(':') && part !== '') parameters[expected.slice(1)] = part;
    else if (part !== expected) return undefined;
  }
  return parameters;
}

/** The body as the schema has it. Throws Refusal, naming the member that is wrong. */
export function readBody<T>(body: string, schema: z.ZodType<T>): T {
  const result = schema.safeParse(parseJson(body));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  // Of unknown members the path names their parent only.
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const member = [...(issue?.path ?? []), ...(unknown === undefined ? [] : [unknown])].join('.');
  const what = member === '' ? 'The body' : member;
  throw new Refusal('InvalidInput', `${what}: ${issue?.message}`, member === '' ? {} : { member });
}

/** For routes that take no body: one that came along would be ignored. */
export function refuseBody(body: string): void {
  if (body !== '') throw new Refusal('InvalidInput', 'This takes no body');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal(
      'InvalidInput',
      `The body must be JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

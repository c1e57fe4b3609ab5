/** What an SDK call that the server refused rejects with, for `rejects.toMatchObject`. */
export function refusal(name: string, status: number, more: Readonly<Record<string, unknown>> = {}) {
  return { name, $metadata: { httpStatusCode: status }, ...more };
}

/** Name and message of the error that a call ends with; `none` if it ends well. */
export async function refusalText(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof Error ? `${error.name}: ${error.message}` : 'none';
}

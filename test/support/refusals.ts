/** What an SDK call that the server refused rejects with, for `rejects.toMatchObject`. */
export function refusal(name: string, status: number, more: Readonly<Record<string, unknown>> = {}) {
  return { name, $metadata: { httpStatusCode: status }, ...more };
}

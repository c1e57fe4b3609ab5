/** Makes calls of open files fail, whoever has opened them in this process. */
import { open } from 'node:fs/promises';
import { onTestFinished, vi } from 'vitest';

interface Failure {
  readonly method: 'datasync' | 'writev';
  readonly count: number;
  /** Code of the error. Default EIO. */
  readonly code?: string;
}

/** The next `count` calls of a method fail, until the test is over. `path` is anything that can be opened. */
export async function failNext(path: string, { method, count, code = 'EIO' }: Failure): Promise<void> {
  const file = await open(path, 'r');
  const prototype: typeof file = Object.getPrototypeOf(file);
  await file.close();
  const spy = vi.spyOn(prototype, method);
  onTestFinished(() => spy.mockRestore());
  for (let i = 0; i < count; i++) spy.mockRejectedValueOnce(Object.assign(new Error(`${code}: injected`), { code }));
}

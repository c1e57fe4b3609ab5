/** aws-cli as its users run it: one command, its output, its exit code; the Python behind it is started once. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface AwsResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface AwsSessionOptions {
  readonly interpreter: string;
  /** Folder that the commands run in. */
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Commands run one after another, in the order of the calls. */
export class AwsSession {
  readonly #cwd: string;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  #errors = '';
  #last: Promise<unknown> = Promise.resolve();

  constructor({ interpreter, cwd, environment }: AwsSessionOptions) {
    this.#cwd = cwd;
    const script = fileURLToPath(new URL('aws-session.py', import.meta.url));
    const env = { PATH: process.env['PATH'] ?? '', HOME: cwd, LC_ALL: 'C.UTF-8', AWS_PAGER: '', ...environment };
    this.#process = spawn(interpreter, [script], { env });
    this.#process.stderr.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString();
    });
    this.#reader = createInterface({ input: this.#process.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** Runs `aws …` and returns what it printed. Throws if it ends with another code than 0. */
  async run(args: readonly string[], stdin = ''): Promise<string> {
    const result = await this.attempt(args, stdin);
    if (result.code !== 0) throw new Error(`aws ${args.join(' ')} → ${result.code}\n${result.stderr}${result.stdout}`);
    return result.stdout;
  }

  /** The JSON that `aws …` prints. */
  async json(args: readonly string[]): Promise<unknown> {
    const text = await this.run(args);
    return text.trim() === '' ? undefined : JSON.parse(text);
  }

  /** Runs `aws …`, whatever code it ends with. */
  attempt(args: readonly string[], stdin = ''): Promise<AwsResult> {
    const result = this.#last.then(() => this.#exchange({ args, stdin, cwd: this.#cwd }));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    await this.#last;
    this.#reader.close();
    this.#process.stdin.end();
    this.#process.kill();
  }

  async #exchange(request: { args: readonly string[]; stdin: string; cwd: string }): Promise<AwsResult> {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`The Python of aws-cli ended:\n${this.#errors}`);
    const answer: unknown = JSON.parse(value);
    if (!isResult(answer)) throw new TypeError(`Not an answer of aws-session.py: ${value}`);
    return answer;
  }
}

function isResult(value: unknown): value is AwsResult {
  return typeof value === 'object' && value !== null && 'code' in value && 'stdout' in value && 'stderr' in value;
}

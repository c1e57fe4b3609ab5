/** Starts `node-http-server.ts`, which is asked by the same client, with the same requests, as the server it is the limit of. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Endpoint } from '../load/messages.ts';

export class NodeHttpServer implements Disposable {
  readonly #child: ChildProcess;
  readonly endpoint: Endpoint;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.endpoint = { host: '127.0.0.1', port, region: 'us-east-1', accessKeyId: 'any', secretAccessKey: 'any' };
  }

  static async constant(): Promise<NodeHttpServer> {
    return NodeHttpServer.#start('constant');
  }

  /** Answers with a file of that length, which it makes. */
  static async file(folder: string, bytes: number): Promise<NodeHttpServer> {
    const path = join(folder, `static-${bytes}`);
    await writeFile(path, Buffer.alloc(bytes, 'static'));
    return NodeHttpServer.#start(path);
  }

  static async #start(what: string): Promise<NodeHttpServer> {
    const script = fileURLToPath(new URL('node-http-server.ts', import.meta.url));
    const child = fork(script, [what], { execArgv: [] });
    const [port] = await once(child, 'message');
    return new NodeHttpServer(child, Number(port));
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }
}

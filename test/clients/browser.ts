/**
 * Pages of an origin of their own, opened in a real browser without a window. What a page is to attempt is sent to it, and
 * it sends back what the browser let it see.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

const limitMs = 180_000;
const names = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];
const script = new URL('browser-page.js', import.meta.url);

/** What the page does: a call of `fetch`, unless it names XMLHttpRequest or a form that it submits. */
export interface Attempt {
  readonly by?: 'xhr' | 'form';
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Of a form, before its file. */
  readonly fields?: Readonly<Record<string, string>>;
  readonly file?: { readonly name: string; readonly type: string; readonly content: string };
  readonly mode?: string;
  readonly credentials?: string;
}

/** What the page saw. Names of headers are in lower case; of those that a browser hides, none is here. */
export interface Outcome {
  readonly status?: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly uploadedBytes?: number;
  /** Where a form has led to. */
  readonly landed?: string;
  /** Name of what was thrown instead of an answer. */
  readonly error?: string;
}

export interface Page extends AsyncDisposable {
  /** As the browser writes it. */
  readonly origin: string;
  /** Opens the page in a browser of its own. Throws if there is no browser, or it says nothing in time. */
  attempt<N extends string>(attempts: Readonly<Record<N, Attempt>>): Promise<Readonly<Record<N, Outcome>>>;
}

/** Serves a page on a port of its own. */
export async function servePage(): Promise<Page> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The page has no port');
  const origin = `http://127.0.0.1:${address.port}`;
  return {
    origin,
    async attempt(attempts) {
      const told = await openPage(server, origin, attempts);
      return JSON.parse(told);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** What the page posts in the end. */
async function openPage(server: Server, origin: string, attempts: unknown): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ninefold-browser-'));
  const browser = startBrowser(origin, folder);
  const said = text(browser.stderr);
  try {
    return await new Promise((resolve, reject) => {
      server.removeAllListeners('request');
      server.on('request', (request, response) => {
        answer(request, response, attempts).then((outcomes) => outcomes !== undefined && resolve(outcomes), reject);
      });
      browser.on('error', reject);
      browser.on('exit', (code) => said.then((why) => reject(new Error(`The browser ended with ${code}: ${why}`))));
      AbortSignal.timeout(limitMs).addEventListener('abort', () => reject(new Error('The page told nothing in time')));
    });
  } finally {
    await end(browser);
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** Answers the page. What it posts is the outcome of all. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  attempts: unknown,
): Promise<string | undefined> {
  const posted = request.method === 'POST' ? await text(request) : undefined;
  const [type, body] = await contentOf(request.url, attempts);
  response.writeHead(200, { 'content-type': type }).end(body);
  return posted;
}

async function contentOf(path: string | undefined, attempts: unknown): Promise<readonly [type: string, body: string]> {
  if (path === '/page.js') return ['text/javascript', await readFile(script, 'utf8')];
  if (path === '/attempts') return ['application/json', JSON.stringify(attempts)];
  if (path?.startsWith('/landing')) return ['text/html', 'Thank you'];
  return ['text/html', '<!doctype html><script type="module" src="/page.js"></script>'];
}

type Browser = ChildProcessByStdio<null, null, Readable>;

/** In a group of its own, so that all of its processes end with it. */
function startBrowser(url: string, folder: string): Browser {
  const quiet = ['--headless', '--no-first-run', '--no-proxy-server', '--disable-gpu', '--disable-dev-shm-usage'];
  // Root has no sandbox; with a port for debugging the browser stays until it is ended.
  const args = [...quiet, '--no-sandbox', '--remote-debugging-port=0', `--user-data-dir=${folder}`, url];
  return spawn(findBrowser(), args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
}

function findBrowser(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
  if (found !== undefined) return found;
  throw new Error(
    `No browser is installed, and without one nothing shows that pages may use a bucket: install the package chromium-headless-shell (Debian), or put one of ${names.join(', ')} on the PATH`,
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function end(browser: Browser): Promise<void> {
  if (browser.pid === undefined || browser.exitCode !== null) return;
  const ended = once(browser, 'exit');
  process.kill(-browser.pid, 'SIGKILL');
  await ended;
}

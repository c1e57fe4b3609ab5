#!/usr/bin/env node
/** The process: its output, its thread pool and its exit code. What it does is a command in `command-line/`. */
import { enableCompileCache } from 'node:module';
import { sizeThreadPool } from './config.ts';

/** Nine shard files and three logs in one wave, and room for reads beside them. */
const poolThreads = 16;

// Whoever reads the output may have seen enough (`| head`); that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
sizeThreadPool(poolThreads);
enableCompileCache();
const { run } = await import('./command-line/run.ts');
process.exitCode = await run(process.argv.slice(2), {
  print: (text) => void process.stdout.write(`${text}\n`),
  complain: (text) => void process.stderr.write(`${text}\n`),
  isRead: () => process.stdout.writable,
});

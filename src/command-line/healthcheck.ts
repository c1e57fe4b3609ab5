/** `ninefold healthcheck`: what a container's health check runs. */
import type { Command } from './command.ts';
import { endpointOf } from './endpoint.ts';

const answerLimitMs = 4000;

export const healthcheck: Command = {
  name: 'healthcheck',
  summary: 'ask a running server whether it is ready; exit 0 if it is',
  async run({ loadConfig, print, complain }) {
    const url = `${endpointOf(loadConfig())}/-/ready`;
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(answerLimitMs) });
      print(await response.text());
      return response.ok ? 0 : 1;
    } catch (error) {
      complain(`No answer from ${url}: ${String(error)}`);
      return 1;
    }
  },
};

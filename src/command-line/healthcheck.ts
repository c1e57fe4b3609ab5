/** `ninefold healthcheck`: what a container's health check runs. */
import type { Command } from './command.ts';
import { endpointOf } from './endpoint.ts';
import { exchange } from './exchange.ts';

const answerLimitMs = 4000;

export const healthcheck: Command = {
  name: 'healthcheck',
  summary: 'ask a running server whether it is ready; exit 0 if it is',
  async run({ loadConfig, print, complain }) {
    const config = loadConfig();
    const url = `${endpointOf(config)}/-/ready`;
    try {
      const { status, body } = await exchange(config, url, { method: 'GET', limitMs: answerLimitMs });
      print(body);
      return status === 200 ? 0 : 1;
    } catch (error) {
      complain(`No answer from ${url}: ${String(error)}`);
      return 1;
    }
  },
};

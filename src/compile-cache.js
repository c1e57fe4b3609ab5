/**
 * Has Node look for what it compiled before, from the first module on. `npm start` loads this in front of `main.ts`. In plain JavaScript,
 * as what takes the types off even one module keeps its memory for as long as the process lives.
 */
import { enableCompileCache } from 'node:module';

enableCompileCache();

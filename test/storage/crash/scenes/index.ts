import type { Scene } from '../scene.ts';
import { smallObjects } from './small-objects.ts';

export const scenes: readonly Scene[] = [smallObjects];

export function findScene(name: string): Scene {
  const scene = scenes.find((candidate) => candidate.name === name);
  if (scene === undefined)
    throw new Error(`there is no scene ${name}, but ${scenes.map((known) => known.name).join(', ')}`);
  return scene;
}

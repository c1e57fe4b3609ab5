/** `node player.ts SCENE MARKS`: plays a scene in the current folder, which has been prepared, for the recorder. */

import { Stage } from './scene.ts';
import { findScene } from './scenes/index.ts';

const [name = '', marks = ''] = process.argv.slice(2);
const scene = findScene(name);
const stage = new Stage(marks, scene.options);
await scene.makeReady?.();
await stage.open();
await scene.play(stage);
// Closing would be part of what is recorded; who wants that lets the scene do it.
process.exit(0);

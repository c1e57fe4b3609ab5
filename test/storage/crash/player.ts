/** `node player.ts prepare|play SCENE [MARKS]`: prepares or plays a scene in the current folder, for the recorder. */

import { Stage } from './scene.ts';
import { findScene } from './scenes/index.ts';

const [act, name = '', marks = ''] = process.argv.slice(2);
const scene = findScene(name);
if (act === 'prepare') {
  await scene.prepare?.();
} else {
  const stage = new Stage(marks, scene.options);
  await scene.makeReady?.();
  await stage.open();
  await scene.play(stage);
  // Closing would be part of what is recorded; who wants that lets the scene do it.
  process.exit(0);
}

// What the dialogs show stays what it is now, in whatever pieces news come. The page itself is only as much as they ask of it.

import assert from 'node:assert/strict';
import test from 'node:test';

const elements = new Map();
function anElement() {
  const nothing = () => {};
  return {
    textContent: '', hidden: false, open: false, addEventListener: nothing, focus: nothing, scrollIntoView: nothing,
    showModal() { this.open = true; },
  };
}
globalThis.document = {
  getElementById(id) {
    if (!elements.has(id)) elements.set(id, anElement());
    return elements.get(id);
  },
};
globalThis.window = {};
const { Lookups } = await import('../lookups.js');

test('an answer that came and was deleted before the page is drawn is not shown as it was', async () => {
  const at = '2026-11-23T12:00:00.000Z';
  const root = { type: 'cheep', seq: 3, at, name: 'bob', cheep: 'three', verified: false };
  const lookups = new Lookups({
    ask: async () => ({ events: [root], from: 3, to: 3, head: 4, more: false }), cheepsAfter: () => [], context: () => ({}),
  });
  lookups.openThread(3);
  await new Promise(setImmediate);
  lookups.apply([
    { type: 'cheep', seq: 5, at, name: 'eve', cheep: 'a secret', verified: true, reply_to: 3, parent_replies: 1 },
    { type: 'delete', seq: 6, at, target: 5, by: 'author', reply_to: 3, parent_replies: 0 },
  ]);
  assert.deepEqual([lookups.find(5)?.cheep, lookups.find(5)?.deleted], ['', 'author']);
});

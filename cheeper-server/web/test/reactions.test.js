// The reactions that are offered are what they become once they are sent.

import assert from 'node:assert/strict';
import test from 'node:test';

import { parseEmoji } from '../protocol.js';
import { USUAL } from '../reactions.js';

test('the usual reactions are in their one form, and those that the terminal offers as 1 to 6', () => {
  assert.deepEqual(USUAL.map(parseEmoji), USUAL);
  assert.deepEqual(USUAL, ['\u2665\uFE0F', '👍', '🎉', '😂', '😮', '😢']);
});

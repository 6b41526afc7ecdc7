// Times as people read them.

import assert from 'node:assert/strict';
import test from 'node:test';

import { ago, dayName, dayOf } from '../time.js';

const at = (...fields) => new Date(2026, 10, ...fields).toISOString();
const NOW = new Date(2026, 10, 23, 15, 30).getTime();

test('within its day a moment is some time ago, before that it has a time', () => {
  assert.equal(ago(at(23, 15, 29, 30), NOW), 'now');
  assert.equal(ago(at(23, 15, 29), NOW), '1 min');
  assert.equal(ago(at(23, 14, 31), NOW), '59 min');
  assert.equal(ago(at(23, 14, 30), NOW), '1 h');
  assert.equal(ago(at(23, 0, 5), NOW), '15 h');
  assert.equal(ago(at(22, 23, 50), NOW), '23:50');
  assert.equal(ago(at(22, 23, 50), new Date(2026, 10, 23, 0, 10).getTime()), '20 min', 'midnight alone changes nothing');
});

test('a clock that is behind the server makes no future', () => {
  assert.equal(ago(at(23, 16, 0), NOW), 'now');
});

test('days have names, the last two their own', () => {
  assert.match(dayName(at(23, 1), NOW), /^Today, /);
  assert.match(dayName(at(22, 23), NOW), /^Yesterday, /);
  assert.doesNotMatch(dayName(at(21, 23), NOW), /day, .*day, /);
  assert.notEqual(dayOf(at(23, 0, 0)), dayOf(at(22, 23, 59)));
});

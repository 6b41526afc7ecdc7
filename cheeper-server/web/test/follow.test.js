// What the page's client does beyond the vectors that it shares with the crate.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Follow } from '../follow.js';
import { LIMITS } from '../protocol.js';

const cheeps = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => ({ type: 'cheep', seq: from + at }));

function following() {
  const follow = new Follow();
  follow.handle({ what: 'start' }, 0);
  follow.handle({ what: 'frame', frame: { type: 'welcome', timeline: 't', head: 300, online: 1, limits: LIMITS } }, 0);
  follow.handle({ what: 'frame', frame: { type: 'page', id: 'gap', cheeps: cheeps(101, 300), head: 300, more: true } }, 0);
  return follow;
}

const asked = (outputs) => outputs.filter(({ do: what }) => what === 'send').map(({ frame }) => frame.before);

test('what was let go of is asked for again as older', () => {
  const follow = following();
  follow.handle({ what: 'forget', before: 201 }, 0);
  assert.deepEqual(asked(follow.handle({ what: 'older' }, 0)), [201]);
  const page = { type: 'page', id: 'older', cheeps: cheeps(151, 200), head: 300, more: true };
  const [older] = follow.handle({ what: 'frame', frame: page }, 0);
  assert.deepEqual([older.do, older.events.length], ['older', 50]);
});

test('what was asked for before something was let go of does not come in beside it', () => {
  const follow = following();
  follow.handle({ what: 'older' }, 0);
  follow.handle({ what: 'forget', before: 201 }, 0);
  const page = { type: 'page', id: 'older', cheeps: cheeps(1, 100), head: 300, more: false };
  const [older] = follow.handle({ what: 'frame', frame: page }, 0);
  assert.deepEqual(older.events, []);
  assert.deepEqual(asked(follow.handle({ what: 'older' }, 0)), [201]);
});

test('nothing else can be let go of', () => {
  const follow = following();
  for (const before of [1, 101, 302]) follow.handle({ what: 'forget', before }, 0);
  assert.deepEqual(asked(follow.handle({ what: 'older' }, 0)), [101]);
});

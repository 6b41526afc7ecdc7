// What the page's client does beyond the vectors that it shares with the crate.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { readSubmission } from '../follow-outbox.js';
import { KEPT_CHANGES } from '../follow-timeline.js';
import { Follow } from '../follow.js';
import { LIMITS } from '../protocol.js';

const cheep = (seq, text = `cheep ${seq}`) => ({ type: 'cheep', seq, name: 'bob', cheep: text });
const cheeps = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => cheep(from + at));
const page = (id, from, to, head = 300) => ({ type: 'page', id, events: cheeps(from, to), from, to, head, more: from > 1 });
const edit = (seq, target) => ({ type: 'edit', seq, target, cheep: `edit ${seq}`, at: '2026-11-23T12:00:00.000Z' });
const hear = (follow, frame) => follow.handle({ what: 'frame', frame }, 0);

function following() {
  const follow = new Follow();
  follow.handle({ what: 'start' }, 0);
  hear(follow, { type: 'welcome', timeline: 't', head: 300, online: 1, limits: LIMITS });
  hear(follow, page('gap', 101, 300));
  return follow;
}

const asked = (outputs) => outputs.filter(({ do: what }) => what === 'send').map(({ frame }) => frame.before);

test('what was asked for beside the timeline is brought up to date before it is shown', () => {
  const follow = following();
  hear(follow, { type: 'delete', seq: 301, target: 7, by: 'author' });
  hear(follow, edit(302, 8));
  const { events, head } = follow.refresh(page('look-1', 7, 9));
  assert.deepEqual(events.map(({ cheep: text }) => text), ['', 'edit 302', 'cheep 9']);
  assert.deepEqual([events[0].deleted, head], ['author', 300]);
  assert.deepEqual(follow.refresh({ ...page('look-2', 8, 8), events: [{ ...cheep(8), rev: 303 }], head: 303 }).events[0].cheep, 'cheep 8', 'it is newer');
});

test('an answer that is older than all changes that are kept has to be asked for again', () => {
  const follow = following();
  for (let seq = 301; seq <= 300 + KEPT_CHANGES; seq += 1) hear(follow, edit(seq, 7));
  assert.equal(follow.refresh(page('look-1', 7, 9)).events[0].cheep, `edit ${300 + KEPT_CHANGES}`);
  hear(follow, edit(301 + KEPT_CHANGES, 8));
  assert.equal(follow.refresh(page('look-1', 7, 9)), null);
  assert.notEqual(follow.refresh(page('look-1', 7, 9, 301)), null);
});

test('what was kept to bring pages up to date is let go of once its cheep is deleted', async () => {
  const follow = following();
  const told = [
    { ...cheep(301, 'a secret'), reply_to: 8, parent_replies: 1 }, edit(302, 301), edit(303, 8), edit(304, 9), { ...cheep(305), reply_to: 301 },
  ].map((event) => {
    hear(follow, event);
    return new WeakRef(event);
  });
  hear(follow, { type: 'delete', seq: 306, target: 301, by: 'author', reply_to: 8, parent_replies: 0 });
  hear(follow, { type: 'delete', seq: 307, target: 9, by: 'author' });
  setFlagsFromString('--expose-gc');
  // Nothing that was looked at through a weak reference goes before the next turn.
  await new Promise(setImmediate);
  runInNewContext('gc')();
  assert.deepEqual(told.map((event) => event.deref()?.seq), [undefined, undefined, 303, undefined, 305]);
  const { events } = follow.refresh({ ...page('look-1', 8, 9), events: [cheep(8), cheep(9)] });
  assert.deepEqual(events.map(({ cheep: text, replies, deleted }) => [text, replies, deleted]), [['edit 303', undefined, undefined], ['', undefined, 'author']]);
});

test('before the newest page is here, nothing can be said of answers that are older than it', () => {
  const follow = following();
  assert.equal(follow.refresh(page('look-1', 7, 9, 299)), null);
});

test('an older page that is too old is asked for again, later', () => {
  const follow = following();
  assert.deepEqual(asked(follow.handle({ what: 'older' }, 0)), [101]);
  for (let seq = 301; seq <= 301 + KEPT_CHANGES; seq += 1) hear(follow, edit(seq, 7));
  assert.deepEqual(hear(follow, page('older', 1, 100)), []);
  assert.deepEqual(asked(follow.handle({ what: 'tick' }, follow.deadline)), [101]);
});

test('what was kept before there were kinds of submissions is a post; half of one is none', () => {
  assert.deepEqual(readSubmission({ id: 'a', cheep: 'hi', reply_to: 7 }), { type: 'post', id: 'a', cheep: 'hi', reply_to: 7 });
  const whole = [
    { type: 'post', id: 'a', cheep: 'hi' }, { type: 'edit', id: 'a', target: 7, cheep: 'hi' }, { type: 'delete', id: 'a', target: 7 },
    { type: 'react', id: 'a', target: 7, emoji: '\u{1F389}', on: false },
  ];
  assert.deepEqual(whole.map(readSubmission), whole);
  const half = [
    null, 7, 'a', [], {}, { cheep: 'hi' }, { id: 'a' }, { type: 'edit', id: 'a', cheep: 'hi' }, { type: 'delete', id: 'a' },
    { type: 'react', id: 'a', target: 7, emoji: '\u{1F389}' }, { type: 'pin', id: 'a', cheep: 'hi' }, { type: 'toString', id: 'a', cheep: 'hi' },
  ];
  assert.deepEqual(half.map(readSubmission).filter(Boolean), []);
});

// What is drawn: our posts on their way, and a part of the timeline that does not move while it is read.

import assert from 'node:assert/strict';
import test from 'node:test';

import { EMPTY, STEP_EVENTS, WINDOW_EVENTS, reduce, visible } from '../timeline.js';

const cheep = (seq) => ({ type: 'cheep', seq, name: 'bob', cheep: `cheep ${seq}` });
const events = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => cheep(from + at));
const after = (...actions) => actions.reduce(reduce, EMPTY);
const seqs = (state) => visible(state).cheeps.map(({ seq }) => seq);
const pending = (state) => visible(state).pending.map(({ post, seq }) => [post.id, seq]);
const post = (id) => ({ do: 'post', post: { id, cheep: id } });

test('the newest is first, and an event of an unknown kind shows nothing', () => {
  const state = after({ do: 'events', events: [cheep(7), { seq: 8 }, cheep(9)] });
  assert.deepEqual(seqs(state), [9, 7]);
});

test('there is more until the first event is loaded', () => {
  const state = after({ do: 'events', events: events(4, 5) });
  assert.equal(visible(state).more, true);
  assert.equal(visible(reduce(state, { do: 'older', events: events(1, 3), more: false })).more, false);
  assert.equal(visible(after({ do: 'events', events: events(1, 2) })).more, false);
});

test('a post is pending, has its place, and gives way to its event', () => {
  let state = after({ do: 'events', events: events(1, 3) }, post('a'), post('b'));
  assert.deepEqual(pending(state), [['b', null], ['a', null]]);
  state = reduce(state, { do: 'posted', id: 'a', seq: 5 });
  assert.deepEqual(pending(state), [['b', null], ['a', 5]]);
  state = reduce(state, { do: 'events', events: events(4, 5) });
  assert.deepEqual(pending(state), [['b', null]]);
});

test('a post whose event is here already is not pending', () => {
  const state = after(post('a'), { do: 'events', events: events(1, 3) }, { do: 'posted', id: 'a', seq: 2 });
  assert.deepEqual(pending(state), []);
});

test('a refused post goes away', () => {
  const state = after(post('a'), { do: 'refused', post: { id: 'a' }, error: {} });
  assert.deepEqual(pending(state), []);
});

test('another timeline drops the events, and keeps the posts that are to go out', () => {
  const state = after({ do: 'events', events: events(1, 3) }, post('a'), post('b'), { do: 'posted', id: 'a', seq: 9 }, { do: 'reset' });
  assert.deepEqual(seqs(state), []);
  assert.deepEqual(pending(state), [['b', null]]);
});

test('what is read stays as it is while new cheeps gather', () => {
  const reading = after({ do: 'events', events: events(1, 3) }, { do: 'hold' }, { do: 'events', events: [...events(4, 5), { seq: 6 }] });
  assert.deepEqual(seqs(reading), [3, 2, 1]);
  assert.equal(visible(reading).unseen, 2);
  const following = reduce(reading, { do: 'follow' });
  assert.deepEqual(seqs(following), [5, 4, 3, 2, 1]);
  assert.equal(visible(following).unseen, 0);
});

test('only a part is drawn, and it moves down to the first and up to the last that was seen', () => {
  let state = after({ do: 'events', events: events(1, 1000) });
  assert.equal(seqs(state).length, WINDOW_EVENTS);
  while (visible(state).below) state = reduce(state, { do: 'down' });
  assert.deepEqual([seqs(state).length, seqs(state).at(-1)], [WINDOW_EVENTS, 1]);
  state = reduce(state, { do: 'events', events: events(1001, 1001 + STEP_EVENTS) });
  while (visible(state).above) state = reduce(state, { do: 'up' });
  assert.equal(seqs(state)[0], 1000);
  assert.equal(visible(state).unseen, STEP_EVENTS + 1);
});

test('older events come in below without moving the part that is drawn', () => {
  const state = after({ do: 'events', events: events(501, 1000) }, { do: 'down' });
  const [newest] = seqs(state);
  assert.equal(seqs(reduce(state, { do: 'older', events: events(301, 500), more: true }))[0], newest);
});

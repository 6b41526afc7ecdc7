// What is drawn: our posts on their way, and a part of the timeline that does not change while it is read.

import assert from 'node:assert/strict';
import test from 'node:test';

import { DROPPED_CHEEPS, EMPTY, KEPT_CHEEPS, cheepAt, countUnseen, countWaiting, drawable, hasMore, newsOf, reduce, rows } from '../timeline.js';

const day = (at) => at.slice(0, 10);
const TODAY = '2026-11-23';
const cheep = (seq, at = `${TODAY}T12:00:00.000Z`) => ({ type: 'cheep', seq, at, name: 'bob', cheep: `cheep ${seq}` });
const these = (...all) => ({ do: 'events', events: all, from: all[0].seq, to: all.at(-1).seq });
const events = (from, to) => these(...Array.from({ length: to - from + 1 }, (_, at) => cheep(from + at)));
const older = (from, to, more = from > 1) => ({ ...events(from, to), do: 'older', more });
const edit = (seq, target, text) => ({ type: 'edit', seq, target, cheep: text, at: `${TODAY}T12:00:00.000Z` });
const remove = (seq, target) => ({ type: 'delete', seq, target, by: 'author' });
const after = (...actions) => actions.reduce(reduce, EMPTY);
const present = (...actions) => after(events(1, 3), { do: 'back' }, ...actions);
const drawn = (state, today = TODAY) => {
  const { first, last } = drawable(state);
  return rows(state, first, last, day, today).map((row) => (row.kind === 'cheep' ? row.cheep.seq : row.kind));
};
const pending = (state) => state.pending.map(({ post, seq }) => [post.id, seq]);
const changing = (state) => state.changing.map(({ change, seq }) => [change.id, seq]);
const post = (id) => ({ do: 'submit', submission: { type: 'post', id, cheep: id } });
const change = (id) => ({ do: 'submit', submission: { type: 'edit', id, target: 1, cheep: id } });

test('the newest is first, and an event of an unknown kind shows nothing', () => {
  const state = after(these(cheep(7), { type: 'unknown', seq: 8 }, cheep(9)));
  assert.deepEqual(drawn(state), [9, 7]);
  assert.equal(cheepAt(state, 8), undefined);
  assert.equal(cheepAt(state, 9).cheep, 'cheep 9');
  assert.equal(cheepAt(state, 6), undefined);
});

test('there is more until the first event is loaded', () => {
  assert.equal(hasMore(EMPTY), false);
  const state = after(events(4, 5));
  assert.equal(hasMore(state), true);
  assert.equal(hasMore(reduce(state, older(1, 3))), false);
});

test('a post is pending, has its place, and gives way to its event', () => {
  let state = after(events(1, 3), post('a'), post('b'));
  assert.deepEqual(pending(state), [['a', null], ['b', null]]);
  state = reduce(state, { do: 'accepted', id: 'a', seq: 5 });
  assert.deepEqual(pending(state), [['a', 5], ['b', null]]);
  assert.deepEqual(pending(reduce(state, events(4, 5))), [['b', null]]);
});

test('a post whose event is here already is not pending', () => {
  assert.deepEqual(pending(after(post('a'), events(1, 3), { do: 'accepted', id: 'a', seq: 2 })), []);
});

test('a refused post goes away', () => {
  assert.deepEqual(pending(after(post('a'), { do: 'refused', submission: { id: 'a' }, error: {} })), []);
});

test('another timeline drops the events, and keeps the posts that are to go out', () => {
  const state = present(post('a'), post('b'), { do: 'accepted', id: 'a', seq: 9 }, { do: 'reset' });
  assert.equal(drawable(state), null);
  assert.deepEqual(pending(state), [['b', null]]);
  assert.deepEqual([countUnseen(state), state.mark], [0, null]);
});

test('what is read stays as it is while new cheeps gather, and they stand above a line when they are shown', () => {
  const reading = present({ do: 'hold' }, these(cheep(4), cheep(5), { type: 'unknown', seq: 6 }));
  assert.deepEqual(drawn(reading), [3, 2, 1]);
  assert.deepEqual([countWaiting(reading), countUnseen(reading)], [2, 2]);
  const following = reduce(reading, { do: 'follow' });
  assert.deepEqual(drawn(following), [5, 4, 'mark', 3, 2, 1]);
  assert.deepEqual([countWaiting(following), countUnseen(following)], [0, 0]);
});

test('older events come in below without changing what is drawn above', () => {
  const state = after(events(501, 600), { do: 'hold' }, events(601, 610), older(401, 500));
  assert.deepEqual(drawable(state), { first: 401, last: 600 });
});

test('what comes while nobody looks is counted, and stands above a line afterwards', () => {
  const away = present({ do: 'away' }, events(4, 6));
  assert.equal(countUnseen(away), 3);
  assert.equal(countWaiting(away), 0);
  const back = reduce(away, { do: 'back' });
  assert.equal(countUnseen(back), 0);
  assert.deepEqual(drawn(back), [6, 5, 4, 'mark', 3, 2, 1]);
  assert.deepEqual(drawn([{ do: 'away' }, { do: 'back' }].reduce(reduce, back)), drawn(back), 'the line stays until there is news');
});

test('what comes to a timeline that was empty is counted as well', () => {
  const state = after({ do: 'back' }, { do: 'away' }, events(1, 2));
  assert.equal(countUnseen(state), 2);
  assert.deepEqual(drawn(reduce(state, { do: 'back' })), [2, 1]);
});

test('the line is where somebody was on the visit before, however long it takes until it is loaded', () => {
  const state = after({ do: 'remember', seq: 2 }, events(3, 5), { do: 'back' });
  assert.deepEqual(drawn(state), [5, 4, 3]);
  assert.deepEqual(drawn(reduce(state, older(1, 2))), [5, 4, 3, 'mark', 2, 1]);
});

test('who was never here, saw everything, or comes to a shorter timeline has no line', () => {
  for (const remembered of [[], [{ do: 'remember', seq: 3 }], [{ do: 'remember', seq: 99 }]]) {
    assert.deepEqual(drawn(after(...remembered, events(1, 3), { do: 'back' })), [3, 2, 1]);
  }
});

test('whoever comes back while reading further down is told of what waits, and nothing moves', () => {
  const state = present({ do: 'hold' }, { do: 'away' }, events(4, 5), { do: 'back' });
  assert.deepEqual(drawn(state), [3, 2, 1]);
  assert.deepEqual([countWaiting(state), countUnseen(state)], [2, 2]);
});

test('days are told apart by lines, the newest cheeps only if they are not of today', () => {
  const state = after(these(cheep(1, '2026-11-21T10:00:00.000Z'), { type: 'unknown', seq: 2 }, cheep(3, '2026-11-22T10:00:00.000Z'), cheep(4)));
  assert.deepEqual(drawn(state), [4, 'day', 3, 'day', 1]);
  assert.deepEqual(drawn(state, '2026-11-24'), ['day', 4, 'day', 3, 'day', 1]);
});

test('a part is drawn as it is in the whole, with the lines at its upper edge', () => {
  const state = after({ do: 'remember', seq: 40 }, events(1, 100), { do: 'back' });
  const part = rows(state, 33, 40, day, TODAY).map(({ kind }) => kind);
  assert.deepEqual(part.slice(0, 2), ['mark', 'cheep']);
  assert.equal(part.length, 9);
});

test('of very many cheeps the oldest are dropped, unless somebody reads further down', () => {
  const full = after(events(1, KEPT_CHEEPS));
  assert.equal(reduce(reduce(full, { do: 'hold' }), events(KEPT_CHEEPS + 1, KEPT_CHEEPS + 1)).cheeps.length, KEPT_CHEEPS + 1);
  const state = reduce(full, events(KEPT_CHEEPS + 1, KEPT_CHEEPS + 1));
  assert.deepEqual(drawable(state), { first: DROPPED_CHEEPS + 1, last: KEPT_CHEEPS + 1 });
  assert.equal(hasMore(state), true);
  assert.deepEqual(drawable(reduce(state, older(1, 10))), drawable(state), 'what does not join on is left out');
});

test('there is no more once a page says so, though nobody knows the first event any more', () => {
  const floor = { do: 'older', events: [], from: 900, to: 899, more: false };
  const state = after(events(900, 902), floor);
  assert.equal(hasMore(state), false);
  assert.deepEqual(drawable(state), { first: 900, last: 902 });
});

test('a page speaks for changes that it does not show: what it covers is drawn, and what is older joins on', () => {
  const newest = { do: 'events', events: [cheep(5), cheep(8)], from: 5, to: 12 };
  const state = after(newest, { do: 'older', events: [cheep(1)], from: 1, to: 4, more: false });
  assert.deepEqual(drawable(state), { first: 1, last: 12 });
  assert.deepEqual(drawn(state), [8, 5, 1]);
  assert.deepEqual([4, 5, 6, 8, 12, 13].map((seq) => cheepAt(state, seq)?.seq), [undefined, 5, undefined, 8, undefined, undefined]);
});

test('a change makes another object of its cheep, and of no other', () => {
  const before = after(events(1, 3));
  const state = reduce(before, these(edit(4, 2, 'better'), cheep(5)));
  assert.equal(cheepAt(state, 2).cheep, 'better');
  assert.notEqual(cheepAt(state, 2), cheepAt(before, 2));
  assert.equal(cheepAt(before, 2).cheep, 'cheep 2');
  assert.deepEqual([1, 3].map((seq) => cheepAt(state, seq) === cheepAt(before, seq)), [true, true]);
  assert.deepEqual(drawn(state), [5, 3, 2, 1]);
});

test('changes of what came with them, or is not loaded, are taken as they come', () => {
  const state = after(events(5, 6), these(cheep(7), edit(8, 7, 'better'), edit(9, 2, 'far back'), remove(10, 5)));
  assert.deepEqual([5, 6, 7].map((seq) => cheepAt(state, seq).cheep), ['', 'cheep 6', 'better']);
});

test('what is deleted keeps its place, and its text is nowhere any more, even while somebody reads', () => {
  const state = present({ do: 'hold' }, these(cheep(4), remove(5, 2), remove(6, 4)), older(1, 3));
  assert.deepEqual(drawn(state), [3, 2, 1]);
  assert.equal(cheepAt(state, 2).deleted, 'author');
  assert.doesNotMatch(JSON.stringify(state), /cheep (2|4)/);
  assert.equal(countWaiting(state), 1);
});

test('news are told as they are now, whatever came together: nothing of what is deleted, and the last of what was edited', () => {
  const together = [cheep(4), cheep(5), remove(6, 4), edit(7, 5, 'better'), edit(8, 2, 'no news'), cheep(9), { type: 'void', seq: 10 }];
  const state = present(these(...together));
  assert.deepEqual(newsOf(state, together).map(({ seq, cheep: text }) => [seq, text]), [[5, 'better'], [9, 'cheep 9']]);
});

test('answers are counted at the cheep that they answer', () => {
  const state = present(these({ ...cheep(4), reply_to: 2, parent_replies: 1 }));
  assert.equal(cheepAt(state, 2).replies, 1);
  const left = reduce(state, these({ ...remove(5, 4), reply_to: 2, parent_replies: 0 }));
  assert.deepEqual([cheepAt(left, 2).replies, cheepAt(left, 4).deleted], [undefined, 'author']);
});

test('only cheeps count as waiting and as unseen', () => {
  const reading = present({ do: 'hold' }, these(edit(4, 2, 'better'), edit(5, 1, 'too'), cheep(6)));
  assert.deepEqual([countWaiting(reading), countUnseen(reading)], [1, 1]);
  const away = present({ do: 'away' }, these(edit(4, 2, 'better')));
  assert.equal(countUnseen(away), 0);
  assert.deepEqual(drawn(reduce(away, { do: 'back' })), [3, 2, 1], 'no line above nothing');
});

test('a change is under way until its event is there', () => {
  let state = present(change('e'), post('a'));
  assert.deepEqual([changing(state), pending(state)], [[['e', null]], [['a', null]]]);
  state = reduce(state, { do: 'accepted', id: 'e', seq: 5 });
  assert.deepEqual(changing(state), [['e', 5]]);
  assert.deepEqual(changing(reduce(state, these(cheep(4), edit(5, 1, 'e')))), []);
  assert.deepEqual(changing(present(change('e'), { do: 'accepted', id: 'e', seq: 2 })), [], 'it was so already');
  assert.deepEqual(changing(present(change('e'), { do: 'refused', submission: { type: 'edit', id: 'e' }, error: {} })), []);
  assert.deepEqual(changing(present(change('e'), change('f'), { do: 'accepted', id: 'e', seq: 5 }, { do: 'reset' })), [['f', null]]);
});

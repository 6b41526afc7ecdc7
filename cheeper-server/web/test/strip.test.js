// Which part of the timeline is in the page, and how much room is kept for the rest.

import assert from 'node:assert/strict';
import test from 'node:test';

import { BLOCK_CHEEPS, Places, Strip, blockOf, placesOf } from '../strip.js';

/** Chance that can be repeated. */
function random(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
}

test('a block has its cheeps as far as they are loaded', () => {
  assert.deepEqual(placesOf(1, { first: 1, last: 1000 }), { first: BLOCK_CHEEPS, last: 2 * BLOCK_CHEEPS - 1 });
  assert.deepEqual(placesOf(0, { first: 5, last: 9 }), { first: 5, last: 9 });
});

test('at the top the newest blocks are drawn, and room is kept for all the others', () => {
  const strip = new Strip();
  const span = { first: 1, last: 100_000 };
  const { newest, oldest, above, below } = strip.slice(span, -1000, 2000);
  assert.equal(newest, blockOf(100_000));
  assert.equal(above, 0);
  assert.ok(newest - oldest < 3);
  assert.ok(below > 99_000 * 40);
});

test('a part drawn anywhere covers the screen and fills the strip with the room round it', () => {
  const next = random(7);
  for (let round = 0; round < 500; round += 1) {
    const strip = new Strip();
    const first = 1 + next(300);
    const span = { first, last: first + next(5000) };
    const whole = () => {
      let px = 0;
      for (let block = blockOf(span.first); block <= blockOf(span.last); block += 1) px += strip.height(block, span);
      return px;
    };
    for (let block = blockOf(span.first); block <= blockOf(span.last); block += 1) {
      const places = placesOf(block, span);
      if (next(3) > 0) strip.measure(block, next(4000), places.last - places.first + 1);
    }
    const top = next(Math.ceil(whole()) + 4000) - 2000;
    const bottom = top + 1 + next(3000);
    const { newest, oldest, above, below } = strip.slice(span, top, bottom);
    let drawn = 0;
    for (let block = oldest; block <= newest; block += 1) drawn += strip.height(block, span);
    assert.ok(Math.abs(above + drawn + below - whole()) < 1e-6 * (1 + whole()));
    assert.ok(above <= Math.max(top, 0), 'nothing is missing above');
    assert.ok(above + drawn >= Math.min(bottom, whole()) - 1e-6 * (1 + whole()), 'nothing is missing below');
    assert.ok(newest <= blockOf(span.last) && oldest >= blockOf(span.first) && oldest <= newest);
    assert.ok(Math.abs(strip.top(newest, span) - above) < 1e-6 * (1 + whole()));
  }
});

test('what was measured holds as long as the block has as many cheeps', () => {
  const strip = new Strip();
  strip.measure(0, 310, 31);
  assert.equal(strip.height(0, { first: 1, last: 5000 }), 310);
  assert.equal(strip.height(0, { first: 1, last: 10 }), 100, 'a part of it is as high as its share');
  assert.equal(strip.height(3, { first: 1, last: 5000 }), 10 * BLOCK_CHEEPS, 'others are as high as the average');
  strip.measure(0, 620, 31);
  assert.equal(strip.height(3, { first: 1, last: 5000 }), 20 * BLOCK_CHEEPS);
  strip.forget();
  assert.notEqual(strip.height(0, { first: 1, last: 5000 }), 620);
});

test('a cheep keeps its place while others come in and go at both ends', () => {
  const next = random(11);
  const places = new Places();
  const all = Array.from({ length: 2000 }, (_, at) => ({ seq: 1 + 3 * at + next(3) }));
  let [from, to] = [1000, 1000];
  const known = new Map();
  for (let round = 0; round < 300; round += 1) {
    if (next(4) === 0) from = Math.min(from + next(90), Math.max(to - 1, from));
    else from = Math.max(from - next(20), 0);
    to = Math.min(to + next(20), all.length);
    const cheeps = all.slice(from, to);
    places.update(cheeps);
    for (const { seq } of cheeps) {
      if (!known.has(seq)) known.set(seq, places.of(seq));
      assert.equal(places.of(seq), known.get(seq));
      assert.equal(places.seqAt(places.of(seq)), seq);
    }
    const middle = cheeps[cheeps.length >> 1];
    if (middle) assert.deepEqual(places.upTo(middle.seq), { first: places.of(cheeps[0].seq), last: places.of(middle.seq) });
  }
});

test('what was loaded from nothing may be drawn from nothing', () => {
  const places = new Places();
  assert.equal(places.upTo(7), null);
  places.update([{ seq: 5 }, { seq: 9 }]);
  assert.equal(places.upTo(4), null);
  assert.equal(places.upTo(8).last, places.of(5));
  places.update([]);
  assert.equal(places.upTo(9), null);
});

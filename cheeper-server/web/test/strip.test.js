// Which part of the timeline is in the page, and how much room is kept for the rest.

import assert from 'node:assert/strict';
import test from 'node:test';

import { BLOCK_SEQS, Strip, blockOf, seqsOf } from '../strip.js';

/** Chance that can be repeated. */
function random(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
}

test('a block has its seqs as far as they are loaded', () => {
  assert.deepEqual(seqsOf(1, { first: 1, last: 1000 }), { first: BLOCK_SEQS, last: 2 * BLOCK_SEQS - 1 });
  assert.deepEqual(seqsOf(0, { first: 5, last: 9 }), { first: 5, last: 9 });
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
      const seqs = seqsOf(block, span);
      if (next(3) > 0) strip.measure(block, next(4000), seqs.last - seqs.first + 1);
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

test('what was measured holds as long as the block has as many events', () => {
  const strip = new Strip();
  strip.measure(0, 310, 31);
  assert.equal(strip.height(0, { first: 1, last: 5000 }), 310);
  assert.equal(strip.height(0, { first: 1, last: 10 }), 100, 'a part of it is as high as its share');
  assert.equal(strip.height(3, { first: 1, last: 5000 }), 10 * BLOCK_SEQS, 'others are as high as the average');
  strip.measure(0, 620, 31);
  assert.equal(strip.height(3, { first: 1, last: 5000 }), 20 * BLOCK_SEQS);
  strip.forget();
  assert.notEqual(strip.height(0, { first: 1, last: 5000 }), 620);
});

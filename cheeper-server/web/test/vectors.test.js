// Runs the vectors that the Rust side runs: both must come to the same results.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { Follow } from '../follow.js';
import { parseServerFrame, readServerFrame } from '../frames.js';
import { LIMITS, apply, countChars, foldName, parseCheep, parseEmoji, parseName, readName } from '../protocol.js';
import { goTogether } from '../scripts.js';
import { mentionOf, parts } from '../text.js';

const vectors = (name) => JSON.parse(readFileSync(new URL(`../../../protocol/vectors/${name}.json`, import.meta.url)));

/** What a function returns, or the code it refuses with. */
function outcome(parse) {
  try {
    return { out: parse() };
  } catch (refusal) {
    if (!refusal.code) throw refusal;
    return { code: refusal.code };
  }
}

const expected = ({ out, code }) => (code === undefined ? { out } : { code });

for (const vector of vectors('names')) {
  test(`name: ${vector.why}`, () => {
    assert.deepEqual(outcome(() => parseName(vector.in)), expected(vector));
    if (vector.fold !== undefined) assert.equal(foldName(vector.out), vector.fold);
    if (vector.mixed !== undefined) assert.equal(!goTogether(vector.out), vector.mixed);
    assert.equal(outcome(() => readName(vector.in)).code === undefined, vector.code === undefined || vector.kept === true);
  });
}

for (const vector of vectors('cheeps')) {
  test(`cheep: ${vector.why}`, () => {
    const limits = { ...LIMITS, cheep_chars: vector.max ?? LIMITS.cheep_chars };
    const result = outcome(() => parseCheep(vector.in, limits));
    assert.deepEqual(result, expected(vector));
    if (vector.chars !== undefined) assert.equal(countChars(result.out), vector.chars);
  });
}

for (const vector of vectors('emoji')) {
  test(`emoji: ${vector.why}`, () => assert.deepEqual(outcome(() => parseEmoji(vector.in)), expected(vector)));
}

for (const vector of vectors('texts')) {
  test(`text: ${vector.why}`, () => {
    if (vector.name !== undefined) {
      assert.equal(mentionOf(vector.name), vector.mention);
      return;
    }
    // A vector's part has its text under its kind.
    const found = parts(vector.in).map(({ kind, text, ...others }) => ({ [kind]: text, ...others }));
    assert.deepEqual(found, vector.parts);
  });
}

for (const vector of vectors('server_frames')) {
  test(`frame of a server: ${vector.name}`, () => {
    if (vector.error) assert.throws(() => parseServerFrame(vector.in));
    else assert.deepEqual(parseServerFrame(vector.in), vector.out);
  });
}

for (const { name, cheep, events, out } of vectors('changes')) {
  test(`changes: ${name}`, () => {
    const start = readServerFrame(cheep);
    const frozen = JSON.stringify(start);
    const found = events.map(readServerFrame).reduce((before, event) => {
      const after = apply(before, event);
      assert.equal(after === before, JSON.stringify(after) === JSON.stringify(before), 'another object if and only if it is another cheep');
      return after;
    }, start);
    assert.deepEqual(found, readServerFrame(out));
    assert.equal(JSON.stringify(start), frozen);
  });
}

for (const { name, identity, outbox, steps } of vectors('follow')) {
  test(`follow: ${name}`, () => {
    const follow = new Follow(identity, outbox);
    steps.forEach((step, nth) => {
      const input = step.in.frame ? { ...step.in, frame: readServerFrame(step.in.frame) } : step.in;
      const got = { out: [...follow.handle(input, step.at)] };
      const want = { out: step.out };
      if ('link' in step) [got.link, want.link] = [follow.link, step.link];
      if ('deadline' in step) [got.deadline, want.deadline] = [follow.deadline, step.deadline];
      if ('cursor' in step) [got.cursor, want.cursor] = [follow.cursor, step.cursor];
      assert.deepEqual(JSON.parse(JSON.stringify(got)), want, `step ${nth}`);
    });
  });
}

// What is marked in the texts that a search found.

import assert from 'node:assert/strict';
import test from 'node:test';

import { patternOf, tooLong } from '../query.js';

const marked = (q, text) => {
  const pattern = patternOf(q);
  return pattern ? text.split(pattern).map((piece, at) => (at % 2 === 1 ? `[${piece}]` : piece)).join('') : text;
};

test('words, phrases, tags and names are marked where they stand', () => {
  assert.equal(marked('café tea', 'Tea or CAFÉ? teatime'), '[Tea] or [CAFÉ]? teatime');
  assert.equal(marked('cafe\u0301', 'a café'), 'a [café]');
  assert.equal(marked('"good morning" good', 'Good  morning, good\nmorning, good night'), '[Good  morning], [good\nmorning], [good] night');
  assert.equal(marked('#rust @bob', 'ask @bob about #rust, #rusty'), 'ask @[bob] about [#rust], #rusty');
  assert.equal(marked('@"Ms Okafor"', 'thanks @"Ms Okafor"'), 'thanks @"[Ms Okafor]"');
  assert.equal(marked('天气', '今天天气真好'), '今天[天气]真好');
});

test('who wrote it stands in no text', () => {
  assert.equal(patternOf('from:bob'), null);
  assert.equal(marked('from:"a name" hello', 'a name says hello'), 'a name says [hello]');
  assert.equal(patternOf('  '), null);
});

test('whatever is typed is a text to look for and no pattern', () => {
  for (const q of ['(', '[a', 'a|b', '.*', '\\', '"', '""', '@', '#', '"(', '{1}', '$^', 'a-b', '/', '-', '\\p{L}', '😀', 'x'.repeat(512)]) {
    assert.equal(marked(q, 'nothing of it'), 'nothing of it', q);
  }
  assert.equal(marked('a.b (c)', 'axb a.b (c)'), 'axb [a.b] [(c)]');
});

test('what a server would not read is told by its bytes, and not cut off', () => {
  for (const q of ['', 'x'.repeat(512), 'é'.repeat(256)]) assert.equal(tooLong(q), '');
  assert.equal(tooLong('é'.repeat(257)), 'This is too long to be searched for: it takes 514 bytes, and 512 are the most.');
});

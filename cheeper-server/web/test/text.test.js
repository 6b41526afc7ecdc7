// What texts refer to, beyond the vectors: who is mentioned, and how long it takes.

import assert from 'node:assert/strict';
import test from 'node:test';

import { isMentioned, parts, readerNamed } from '../text.js';

test('somebody is mentioned by the name behind an at, however it is written', () => {
  const alice = readerNamed('alice');
  for (const text of ['hi @alice!', '@ALICE', '(see\n@Alice)', '@ａｌｉｃｅ, look']) assert.ok(isMentioned(text, alice), text);
  for (const text of ['alice', '@alicea', 'mail bob@alice', '@ali ce']) assert.ok(!isMentioned(text, alice), text);
  assert.ok(!isMentioned('@alice', null));
});

test('a name of several words is mentioned in quotation marks', () => {
  const mary = readerNamed('mary ann');
  assert.ok(isMentioned('hi @"Mary Ann", and @Mary', mary));
  assert.ok(isMentioned('hi @“Mary Ann”', mary));
  assert.ok(!isMentioned('hi @Mary Ann', mary));
  assert.ok(!isMentioned('hi @"Mary Ann"', readerNamed('mary')));
});

test('many beginnings that come to nothing are read once', () => {
  for (const beginning of ['(', ')', '@', '#', 'a\u0301', '@“', '@"', '@(', '@a(', 'http://a(', 'http://a/(', 'http://', 'http://@', 'https://x/.', "@a's"]) {
    const text = beginning.repeat(20_000);
    assert.equal(parts(text).map(({ text: part }) => part).join(''), text);
  }
});

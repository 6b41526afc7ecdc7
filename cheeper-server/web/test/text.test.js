// Links, mentions and tags in texts as people write them, and as they should not.

import assert from 'node:assert/strict';
import test from 'node:test';

import { isMentioned, parts, readerNamed } from '../text.js';

const found = (text, reader) => parts(text, reader).filter(({ kind }) => kind !== 'text').map(({ text: part }) => part);

const CASES = [
  ['no reference', []],
  ['https://example.org', ['https://example.org']],
  ['see HTTP://EXAMPLE.org/x, please', ['HTTP://EXAMPLE.org/x']],
  ['(https://example.org/a_(b))', ['https://example.org/a_(b)']],
  ['[https://example.org/x]. https://example.org/?q=1&r=2#top!', ['https://example.org/x', 'https://example.org/?q=1&r=2#top']],
  ['https://example.org/token=', ['https://example.org/token=']],
  ['„https://example.org/“ and «https://example.org/x»', ['https://example.org/', 'https://example.org/x']],
  ['看https://example.org/路。', ['https://example.org/路']],
  ['https:// and http://', []],
  ['javascript:alert(1) data:text/html,x file:///etc/passwd vbscript:x', []],
  ['https://example.org@evil.example/ https://a:b@evil.example', []],
  ['https://exa mple.org', ['https://exa']],
  ['"https://example.org/<script>"', ['https://example.org/']],
  ['@alice hi', ['@alice']],
  ['hi (@alice), "@bob": @carol!', ['@alice', '@bob', '@carol']],
  ['mail bob@example.org or a@@b', []],
  ['@ and @, alone', []],
  ['#tag #日本 #2026 #a1 a#b &#39; ##x', ['#tag', '#日本', '#a1']],
  ['https://example.org/#top and #top', ['https://example.org/#top', '#top']],
];

for (const [text, wanted] of CASES) {
  test(`in ${JSON.stringify(text)}`, () => {
    assert.deepEqual(found(text), wanted);
    assert.equal(parts(text).map(({ text: part }) => part).join(''), text, 'nothing is lost');
  });
}

test('somebody is mentioned by the name behind an at, however it is written', () => {
  const alice = readerNamed('alice');
  for (const text of ['hi @alice!', '@ALICE', '(see\n@Alice)', '@ａｌｉｃｅ, look']) assert.ok(isMentioned(text, alice), text);
  for (const text of ['alice', '@alicea', 'mail bob@alice', '@ali ce']) assert.ok(!isMentioned(text, alice), text);
  assert.ok(!isMentioned('@alice', null));
});

test('a name of several words is found whole by who has it', () => {
  const text = 'hi @Mary Ann, and @Mary';
  assert.deepEqual(found(text, readerNamed('mary ann')), ['@Mary Ann', '@Mary']);
  assert.deepEqual(found(text), ['@Mary', '@Mary']);
});

test('a text that is nothing but punctuation, marks or one long word is read in no time', () => {
  for (const text of ['('.repeat(4000), `https://x${')'.repeat(4000)}`, '@'.repeat(4000), '#'.repeat(4000), `a${'\u0301'.repeat(4000)}`]) {
    assert.equal(parts(text).map(({ text: part }) => part).join(''), text);
  }
});

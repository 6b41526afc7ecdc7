// What is marked in the texts that a search found.

import assert from 'node:assert/strict';
import test from 'node:test';

import { finderOf, tooLong } from '../query.js';

const marked = (q, text) => {
  const find = finderOf(q);
  return find ? find(text).map((piece, at) => (at % 2 === 1 ? `[${piece}]` : piece)).join('') : text;
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
  assert.equal(finderOf('from:bob'), null);
  assert.equal(marked('from:"a name" hello', 'a name says hello'), 'a name says [hello]');
  assert.equal(finderOf('  '), null);
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

test('what the server finds however it is accented or written is marked as it stands', () => {
  assert.equal(marked('cafe', 'a café, CAFE\u0301, cafes'), 'a [café], [CAFE\u0301], cafes');
  assert.equal(marked('café', 'a cafe'), 'a [cafe]');
  assert.equal(marked('strasse', 'Die Straße!'), 'Die [Straße]!');
  assert.equal(marked('елка αθηνα', 'Ёлка, Άθήνα'), '[Ёлка], [Άθήνα]');
  assert.equal(marked('full', 'Ｆｕｌｌ and ﬁne'), '[Ｆｕｌｌ] and ﬁne');
  assert.equal(marked('q', 'q\u0303 q'), '[q\u0303] [q]');
  // Marks that are letters stay, and so do sounds.
  assert.equal(marked('हनद', 'हिन्दी'), 'हिन्दी');
  assert.equal(marked('か', 'がか'), 'が[か]');
  assert.equal(marked('か\u3099', 'がか'), '[が]か');
  assert.equal(marked('평', '평평하다'), '[평][평]하다');
});

test('nothing of a text is lost or doubled where it is cut', () => {
  for (const q of ['s', '平', 'a', 'fi', '\u0301']) {
    for (const text of ['ß ﬁ s', '㍻ 平', 'a\u0301\u0301a', '\u0301a', '', '😀a\u{1F3FD}']) assert.equal(finderOf(q)?.(text).join('') ?? text, text, `${q} in ${text}`);
  }
});

// What is searched for: whether it can be asked, and where in a text it stands. Pure. The server says what is found; this only
// shows why.

import { byteCount, foldName } from './protocol.js';

/** Bytes of a question that a server reads. */
const QUERY_BYTES = 512;
/** A term as it is typed: whose it is to be, what it begins with, words in quotation marks, or one word. */
const TERM = /(from:)?[@＠]?(?:"([^"]+)"?|(\S+))/giu;
const WORD = String.raw`[\p{L}\p{M}\p{N}_]`;
/** Scripts that put no spaces between words: there, any part of a text is found. */
const UNSPACED = /[\p{sc=Hani}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Bopo}\p{sc=Tibt}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}]/u;
/** Letters that people leave accents off when they search. */
const ACCENTED = /[\p{sc=Latn}\p{sc=Grek}\p{sc=Cyrl}]/u;

/** Why this is too long to be looked for; empty if it is not. It is counted as the server does. */
export function tooLong(q) {
  const bytes = byteCount(q);
  return bytes > QUERY_BYTES ? `This is too long to be searched for: it takes ${bytes} bytes, and ${QUERY_BYTES} are the most.` : '';
}

/**
 * What cuts a text in such a way that every second piece is something found; null if there is nothing to show.
 * @param {string} q
 * @returns {((text: string) => string[]) | null}
 */
export function finderOf(q) {
  const terms = [...q.normalize('NFC').matchAll(TERM)].filter(([, from]) => from === undefined);
  const patterns = terms.map(([, , phrase, word]) => termPattern(folded(phrase ?? word).plain)).filter((pattern) => pattern !== '');
  // The longest first: of two that begin alike, the first one is taken.
  patterns.sort((a, b) => b.length - a.length);
  return patterns.length > 0 ? (text) => cut(text, new RegExp(patterns.join('|'), 'gu')) : null;
}

/** It is looked for in the text as it is folded, and cut out of the text as it stands. */
function cut(text, pattern) {
  const { plain, from, to } = folded(text);
  const pieces = [];
  let done = 0;
  for (const { index, 0: { length } } of plain.matchAll(pattern)) {
    // A character that is folded to several can be found twice.
    if (from[index] < done) continue;
    const end = to[index + length - 1];
    pieces.push(text.slice(done, from[index]), text.slice(from[index], end));
    done = end;
  }
  return [...pieces, text.slice(done)];
}

/**
 * A text as the server compares it: without case and compatibility forms, and without accents on letters that people leave them
 * off. With it, where in the text each of its code units comes from.
 */
function folded(text) {
  const [from, to] = [[], []];
  let [plain, at, losesMarks] = ['', 0, false];
  for (const char of text) {
    let kept = '';
    for (const part of decomposed(char)) {
      const isMark = /\p{Mn}/u.test(part);
      if (!isMark) losesMarks = ACCENTED.test(part);
      if (!isMark || !losesMarks) kept += part;
    }
    kept = kept.normalize('NFC');
    at += char.length;
    for (const _ of kept.split('')) {
      from.push(at - char.length);
      to.push(at);
    }
    // What leaves nothing belongs to what it follows.
    if (kept === '' && to.length > 0) to[to.length - 1] = at;
    plain += kept;
  }
  return { plain, from, to };
}

/** ASCII, which most of most texts is, needs no tables. */
const decomposed = (char) => (char <= '\x7F' ? char.toLowerCase() : foldName(char).normalize('NFD'));

function termPattern(term) {
  const words = term.split(/\s+/u).filter((word) => word !== '').map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`));
  const pattern = words.join(String.raw`\s+`);
  if (pattern === '' || UNSPACED.test(term)) return pattern;
  const [before, after] = [term.at(0), term.at(-1)].map((char) => new RegExp(WORD, 'u').test(char));
  return `${before ? `(?<!${WORD})` : ''}${pattern}${after ? `(?!${WORD})` : ''}`;
}

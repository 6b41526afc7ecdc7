// What is searched for: whether it can be asked, and where in a text it stands. Pure. The server says what is found; this only
// shows why.

import { byteCount } from './protocol.js';

/** Bytes of a question that a server reads. */
const QUERY_BYTES = 512;
/** A term as it is typed: whose it is to be, what it begins with, words in quotation marks, or one word. */
const TERM = /(from:)?[@＠]?(?:"([^"]+)"?|(\S+))/giu;
const WORD = String.raw`[\p{L}\p{M}\p{N}_]`;
/** Scripts that put no spaces between words: there, any part of a text is found. */
const UNSPACED = /[\p{sc=Hani}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}]/u;

/** Why this is too long to be looked for; empty if it is not. It is counted as the server does. */
export function tooLong(q) {
  const bytes = byteCount(q);
  return bytes > QUERY_BYTES ? `This is too long to be searched for: it takes ${bytes} bytes, and ${QUERY_BYTES} are the most.` : '';
}

/**
 * A pattern that cuts a text in such a way that every second piece is something found; null if there is nothing to show.
 * @param {string} q
 * @returns {RegExp | null}
 */
export function patternOf(q) {
  const terms = [...q.normalize('NFC').matchAll(TERM)].filter(([, from]) => from === undefined);
  const patterns = terms.map(([, , phrase, word]) => termPattern(phrase ?? word)).filter((pattern) => pattern !== '');
  // The longest first: of two that begin alike, the first one is taken.
  patterns.sort((a, b) => b.length - a.length);
  return patterns.length > 0 ? new RegExp(`(${patterns.join('|')})`, 'iu') : null;
}

function termPattern(term) {
  const words = term.split(/\s+/u).filter((word) => word !== '').map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`));
  const pattern = words.join(String.raw`\s+`);
  if (pattern === '' || UNSPACED.test(term)) return pattern;
  const [before, after] = [term.at(0), term.at(-1)].map((char) => new RegExp(WORD, 'u').test(char));
  return `${before ? `(?<!${WORD})` : ''}${pattern}${after ? `(?!${WORD})` : ''}`;
}

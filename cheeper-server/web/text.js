// What a text refers to: links, @mentions and #tags. Pure: it finds, somebody else draws.

import { foldName, parseName } from './protocol.js';

/**
 * @typedef {{kind: 'text' | 'link' | 'mention' | 'tag', text: string}} Part
 * @typedef {{folded: string, words: number}} Reader  a name, ready to be looked for
 */

const REFERENCE = new RegExp([
  String.raw`(?<![A-Za-z0-9_])https?:\/\/[^\s<>"]+`,
  String.raw`(?:(?<!\S)|(?<=[(\[{"'“‘«¿¡]))@[^\s@]+`,
  String.raw`(?<![\p{L}\p{M}\p{N}_/&#])#[\p{L}\p{M}\p{N}_]+`,
].join('|'), 'giu');

const TRAILING = /[\p{Po}\p{Pf}\p{Pi}]$/u;
const BRACKETS = { ')': '(', ']': '[', '}': '{', '）': '（', '」': '「', '』': '『', '】': '【', '》': '《' };

/** @returns {Reader} */
export function readerNamed(name) {
  return { folded: foldName(name), words: name.split(/\s/u).length };
}

/** Whether somebody is called by this name. */
export function isNamed(name, reader) {
  return reader !== null && foldName(name) === reader.folded;
}

/** Whether a text has `@` and the reader's name in it. */
export function isMentioned(text, reader) {
  return reader !== null && text.includes('@') && parts(text, reader).some(({ kind, text: part }) => kind === 'mention' && isNamed(part.slice(1), reader));
}

/**
 * Cuts a text into what it refers to and what stands between.
 * @param {string} text
 * @param {Reader | null} reader  a name of several words is found whole only if it is this one's
 * @returns {Part[]}
 */
export function parts(text, reader = null) {
  const found = [];
  let done = 0;
  const add = (kind, part, at) => {
    if (at > done) found.push({ kind: 'text', text: text.slice(done, at) });
    found.push({ kind, text: part });
    done = at + part.length;
  };
  for (const { 0: match, index } of text.matchAll(REFERENCE)) {
    // A name of several words may have run over it.
    if (index < done) continue;
    if (match.startsWith('@')) {
      const mention = readersMention(text.slice(index), reader) ?? otherMention(match);
      if (mention) add('mention', mention, index);
    } else if (match.startsWith('#')) {
      if (/\p{L}/u.test(match)) add('tag', match, index);
    } else {
      const link = trimTrailing(match);
      if (isWebAddress(link)) add('link', link, index);
    }
  }
  if (done < text.length || found.length === 0) found.push({ kind: 'text', text: text.slice(done) });
  return found;
}

/** Punctuation at the end belongs to the sentence; so does a bracket that was opened before the link. */
function trimTrailing(link) {
  for (let left = link; ; left = left.slice(0, -1)) {
    const opening = BRACKETS[left.at(-1)];
    const isSurplus = opening !== undefined && left.split(left.at(-1)).length > left.split(opening).length;
    if (!isSurplus && (opening !== undefined || !TRAILING.test(left) || left.endsWith('/'))) return left;
  }
}

/** An address with a user in it is made to look like another. */
function isWebAddress(text) {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}

function readersMention(text, reader) {
  if (reader === null) return null;
  const [words] = new RegExp(String.raw`^@\S+(?:\s\S+){0,${reader.words - 1}}`, 'u').exec(text);
  const mention = trimMention(words);
  return isNamed(mention.slice(1), reader) ? mention : null;
}

function otherMention(word) {
  const mention = trimMention(word);
  try {
    parseName(mention.slice(1));
    return mention;
  } catch {
    return null;
  }
}

const trimMention = (word) => word.replace(/[.,:!?;)\]}"'”’»…。、，！？]+$/u, '');

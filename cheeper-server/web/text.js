// What a text refers to: links, mentions and tags. Pure: it finds, somebody else draws. The rules are those of the Rust crate
// `cheeper-protocol`, told in docs/PROTOCOL.md; both run the vectors in protocol/vectors/texts.json.

import { foldName, parseName } from './protocol.js';

/**
 * @typedef {{kind: 'text' | 'link', text: string} | {kind: 'mention', text: string, name: string}
 *   | {kind: 'tag', text: string, folded: string}} Part  a tag's key is without its #
 * @typedef {{folded: string}} Reader  a name, ready to be looked for
 */

const WORD = String.raw`[\p{L}\p{M}\p{N}_]`;
/** Marks that end an emoji: they are no part of a word. */
const SELECTOR = String.raw`[\uFE0E\uFE0F\u20E3]`;
/** Letters of scripts that put no spaces between words, so that a mention may follow one. */
const UNSPACED = String.raw`[ー\p{sc=Hani}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}]`;

/** Where something may begin. Each alternative has a group, by which it is told which one it was. */
const BEGINNING = new RegExp([
  String.raw`(?<![A-Za-z0-9_])([Hh][Tt][Tt][Pp][Ss]?:\/\/)`,
  // Within a word an @ is part of a mail address, after a slash of a web address.
  String.raw`(?<![@＠/\\]|(?!${SELECTOR}|${UNSPACED})${WORD})([@＠])`,
  // A tag right behind Chinese is none: that would make two of #话题#.
  String.raw`(?<![#＃&/]|(?!${SELECTOR})${WORD})([#＃])`,
].join('|'), 'gu');

/** What stands for a host and its port. */
const HOST = new RegExp(String.raw`(?:\[[0-9A-Fa-f:.]*\])?(?:[\-.:]|(?!\p{Default_Ignorable_Code_Point})${WORD})*`, 'uy');

/** A joiner stands inside words of Persian and Indic languages; a mark at the beginning belongs to the # (keycap). */
const TAG = /[\p{L}\p{N}_][\p{L}\p{M}\p{N}_\u200C\u200D]*/uy;
const LETTER = /(?!\p{Default_Ignorable_Code_Point})\p{L}/u;

/** What ends a link or a name: white space, controls, quotation marks, and what Chinese and Japanese put no space after. */
const END = /[\p{White_Space}\p{Cc}"“”„‟«»‹›\x60<>|…—、。，．：；！？～｡､]/u;
const BRACKETS = new Map(['()', '[]', '{}', '（）', '［］', '「」', '『』', '【】', '《》', '〈〉'].map((pair) => Array.from(pair)));
const CLOSING = new Set(BRACKETS.values());

/** What only follows a link or a name at its end: punctuation of the sentence, and a bracket that opens something else. */
const TRAILING = String.raw`[.,:;!?'‘’*~،؛؟۔।॥([{（［「『【《〈]`;
const AFTER_LINK = new RegExp(`${TRAILING}$`, 'u');
/** The ending of a genitive as well. */
const AFTER_NAME = new RegExp(`(?:${TRAILING}|['’]s)$`, 'u');

const CLOSING_QUOTES = { '"': '"', '“': '”', '”': '”', '„': '“”' };

/** @returns {Reader} */
export function readerNamed(name) {
  return { folded: foldName(name) };
}

/** Whether somebody is called by this name. */
export function isNamed(name, reader) {
  return reader !== null && foldName(name) === reader.folded;
}

/** Whether a text mentions the reader, in any spelling. */
export function isMentioned(text, reader) {
  return reader !== null && /[@＠]/u.test(text) && parts(text).some(({ kind, name }) => kind === 'mention' && isNamed(name, reader));
}

/** How to write a mention of somebody, with white space or the like after it: `@bob`, or `@"Ms Okafor"`. */
export function mentionOf(name) {
  const bare = `@${name}`;
  // Within brackets: a name that opens one would take the closing one for its own.
  const isRead = parts(`(${bare})`).some((part) => part.kind === 'mention' && part.name === name && part.text === bare);
  return isRead ? bare : `@"${name.replace(/[\\"]/gu, String.raw`\$&`)}"`;
}

/**
 * Cuts a text into what it refers to and what stands between. It takes time in proportion to the text, whatever is in it.
 * @param {string} text
 * @returns {Part[]}
 */
export function parts(text) {
  const found = [];
  let done = 0;
  BEGINNING.lastIndex = 0;
  for (let begun; (begun = BEGINNING.exec(text)) !== null;) {
    const [beginning, scheme, at] = begun;
    const start = begun.index;
    const behind = BEGINNING.lastIndex;
    const part = scheme ? link(text, start, behind) : at ? mention(text, behind) : tag(text, behind);
    if (part === null) continue;
    BEGINNING.lastIndex = Math.max(part.end, start + beginning.length);
    if (part.kind === 'text') continue;
    if (start > done) found.push({ kind: 'text', text: text.slice(done, start) });
    const { end, ...kept } = part;
    found.push({ ...kept, text: text.slice(start, end) });
    done = end;
  }
  if (done < text.length || found.length === 0) found.push({ kind: 'text', text: text.slice(done) });
  return found;
}

/** A link that begins at `start`, with its host at `from`; kind text: so much of it is only text. */
function link(text, start, from) {
  HOST.lastIndex = from;
  const [host] = HOST.exec(text);
  const whole = () => run(text, from, /\\/u);
  const behind = text.charAt(from + host.length);
  const address = /[/?#]/u.test(behind) ? whole() : host;
  const end = from + without(AFTER_LINK, address).length;
  // What stands before an @ is a user's name, there to make an address look like another's.
  const isLink = behind !== '@' && isHost(without(AFTER_LINK, host));
  return isLink ? { kind: 'link', end } : { kind: 'text', end: from + whole().length };
}

/**
 * Whether it is one to the standard's parser: the port, numbers with dots and addresses in brackets have rules of their own.
 * What other letters mean (IDNA) is left open, for no two browsers are at one about it.
 */
function isHost(host) {
  return host !== '' && URL.canParse(`http://${host.replace(/[^A-Za-z0-9.:[\]]/gu, 'z')}/`);
}

/** A mention whose name begins at `from`. */
function mention(text, from) {
  const written = quoted(text, from) ?? plain(text, from);
  // What is not written at all would only be refused with an error, which costs more.
  if (written === null || written.name === '') return null;
  try {
    return { kind: 'mention', name: parseName(written.name), end: written.end };
  } catch {
    return null;
  }
}

function plain(text, from) {
  const word = run(text, from, /[@＠]/u);
  const name = without(AFTER_NAME, word);
  // An address of somewhere else: @alice@example.org.
  const isAddress = name === word && /[@＠]/u.test(text.charAt(from + word.length));
  return isAddress ? null : { name, end: from + name.length };
}

/** A name in quotation marks, straight or as phones put them. */
function quoted(text, from) {
  const opening = text.charAt(from);
  if (!Object.hasOwn(CLOSING_QUOTES, opening)) return null;
  const closing = CLOSING_QUOTES[opening];
  let name = '';
  for (let at = from + 1; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (closing.includes(char)) return { name, end: at + 1 };
    // So that each is looked at once, however many are never closed.
    if (opening !== '"' && /[“”„]/u.test(char)) return null;
    if (opening === '"' && char === '\\' && /["\\]/u.test(text.charAt(at + 1))) at += 1;
    name += text.charAt(at);
  }
  return null;
}

function tag(text, from) {
  TAG.lastIndex = from;
  const [word] = TAG.exec(text) ?? [''];
  return LETTER.test(word) ? { kind: 'tag', folded: foldName(word), end: from + word.length } : null;
}

/** What stands from `from` on until it is over, or until a bracket closes that was not opened in it. */
function run(text, from, alsoEnds) {
  const open = [];
  let end = from;
  while (end < text.length) {
    const char = String.fromCodePoint(text.codePointAt(end));
    if (BRACKETS.has(char)) open.push(BRACKETS.get(char));
    else if (CLOSING.has(char) ? open.pop() !== char : END.test(char) || alsoEnds.test(char)) break;
    end += char.length;
  }
  return text.slice(from, end);
}

function without(ending, word) {
  let left = word;
  // An ending has at most two characters: looking at the whole word would take long if it has many endings.
  for (let found; (found = ending.exec(left.slice(-2))) !== null;) left = left.slice(0, -found[0].length);
  return left;
}

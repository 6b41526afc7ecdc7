// What may be said: limits, and the rules for names, cheeps and emoji. The way in to what the crate does as well.
// It does no IO. The rules are those of the Rust crate `cheeper-protocol`; both run the same vectors.

import { normalEmoji } from './emoji.js';

export { apply, changesOf, cheepOf } from './changes.js';

/**
 * @typedef {{cheep_chars: number, name_chars: number, frame_bytes: number, page: number, who: number,
 *   posts_per_minute: number}} Limits
 * @typedef {{emoji: string, count: number, names: string[]}} ReactionCount  `names` are the first 50 who have reacted so.
 * @typedef {{type: 'cheep', seq: number, at: string, name: string, cheep: string, verified: boolean,
 *   reply_to?: number, parent_replies?: number, id?: string, rev?: number, edited_at?: string, deleted?: 'author' | 'host',
 *   reactions?: ReactionCount[], replies?: number}} Cheep  As it is now: `rev` is the last event that changed it.
 * @typedef {{type: 'edit', seq: number, at: string, target: number, cheep: string, id?: string}
 *   | {type: 'delete', seq: number, at: string, target: number, by: 'author' | 'host', reply_to?: number,
 *     parent_replies?: number, id?: string}
 *   | {type: 'reaction', seq: number, at: string, target: number, name: string, emoji: string, on: boolean, count: number,
 *     next?: string, id?: string}} Change  It carries what results.
 * @typedef {Cheep | Change | {type: 'void' | 'unknown', seq: number}} Event  What a later change made void, and what is of a
 *   kind not known here, takes up its place and shows nothing.
 * @typedef {{type: 'page', id?: string, events: Event[], from: number, to: number, head: number, more: boolean,
 *   reset?: true, floor?: number, missing?: true}} Page  It speaks for every seq from `from` to `to`.
 * @typedef {{type: 'error', id?: string, code: string, message: string, retryable: boolean, retry_after_ms?: number,
 *   field?: string}} ErrorFrame
 */

/** @type {Readonly<Limits>} The limits until a server has said its own. */
export const LIMITS = Object.freeze({
  cheep_chars: 280,
  name_chars: 32,
  frame_bytes: 16 * 1024,
  page: 200,
  who: 1000,
  posts_per_minute: 60,
});

const CHEEP_LINE_FEEDS = 10;
const EMOJI_BYTES = 35;

/** A name or a cheep that breaks the rules; its message is a sentence for a person. */
export class Refusal extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const utf8 = new TextEncoder();

/** Length as people count it, in grapheme clusters; counting stops at `most`. */
export function countChars(text, most = Infinity) {
  let count = 0;
  for (const _ of segmenter.segment(text)) {
    count += 1;
    if (count >= most) break;
  }
  return count;
}

/** The length of a frame as it is sent. */
export const bytesOf = (frame) => byteCount(JSON.stringify(frame));

/** The length of a text in UTF-8. */
export const byteCount = (text) => utf8.encode(text).length;

const trim = (text) => text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');

/** A name's length, in bytes. */
const NAME_BYTES = 512;
/** Code points in one of its characters. */
const NAME_CLUSTER = 10;

/** A cheep as it is kept: NFC, LF line breaks, nothing that controls or hides, trimmed. */
export function cleanCheep(raw) {
  // A lone surrogate has no place in JSON that others can read.
  const chars = Array.from(raw.replace(/\p{Surrogate}/gu, '\uFFFD').normalize('NFC'));
  const kept = [];
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at];
    if (char === '\r' && chars[at + 1] === '\n') continue;
    if (/[\r\n\u2028\u2029]/u.test(char)) kept.push('\n');
    else if (char === '\t') kept.push(' ');
    else if (char === BLACK_FLAG) {
      const tags = flagTags(chars.slice(at + 1, at + 10));
      kept.push(char, ...tags);
      at += tags.length;
    } else if (/\p{Control}/u.test(char)) continue;
    else if (!isIgnorable(char) || belongsAfter(kept, char, chars[at + 1])) kept.push(char);
  }
  // Taking characters out can bring two together that compose.
  return trim(kept.join('').normalize('NFC'));
}

const BLACK_FLAG = '\u{1F3F4}';

const isIgnorable = (char) => /\p{Default_Ignorable_Code_Point}/u.test(char);

/** The tags that make the black flag before them that of a country's part, such as England. */
function flagTags(after) {
  const [tags] = /^[\u{E0030}-\u{E0039}\u{E0061}-\u{E007A}]{3,7}\u{E007F}|^/u.exec(after.join(''));
  return Array.from(tags);
}

/** Whether an invisible character has work to do at the end of `kept`, with `next` to follow. */
function belongsAfter(kept, char, next) {
  const last = kept.at(-1);
  if (last === undefined) return false;
  if (char === '\u200D' && endsInEmoji(kept)) return next !== undefined && /\p{Extended_Pictographic}/u.test(next);
  // A joiner also shapes the end of a word; what keeps letters apart needs letters on both sides.
  if (char === '\u200D') return endsInJoiningScript(kept);
  if (char === '\u200C') return endsInJoiningScript(kept) && next !== undefined && joins(next);
  return isSelector(char) && !/\p{White_Space}/u.test(last) && !isIgnorable(last);
}

const isSelector = (char) => /\p{Variation_Selector}/u.test(char);

function endsInEmoji(kept) {
  const base = kept.findLast((char) => !/[\uFE0F\p{Emoji_Modifier}]/u.test(char));
  return base !== undefined && /\p{Extended_Pictographic}/u.test(base);
}

/** Selectors and the marks that many scripts share belong to the letter that they stand on. */
function endsInJoiningScript(kept) {
  const onALetter = (char) => isSelector(char) || (/[\p{Mn}\p{Mc}]/u.test(char) && /\p{sc=Zinh}/u.test(char));
  const base = kept.findLast((char) => !onALetter(char));
  return base !== undefined && joins(base);
}

const PLAIN_SCRIPT =
  /[\p{sc=Zyyy}\p{sc=Zinh}\p{sc=Latn}\p{sc=Grek}\p{sc=Cyrl}\p{sc=Hani}\p{sc=Hira}\p{sc=Kana}]/u;

/** Letters of scripts in which a joiner changes how a word is written. */
const joins = (char) => /[\p{Alphabetic}\p{Mn}\p{Mc}]/u.test(char) && !isIgnorable(char) && !PLAIN_SCRIPT.test(char);

/**
 * Reads a cheep as somebody typed it.
 * @param {string} raw
 * @param {Limits} limits
 * @returns {string} the text to send
 * @throws {Refusal}
 */
export function parseCheep(raw, limits = LIMITS) {
  const text = cleanCheep(raw);
  if (text === '') throw new Refusal('empty_cheep', 'This cheep is empty: write something first.');
  const tooLong = (why) => new Refusal('cheep_too_long', why);
  const chars = countChars(text);
  if (chars > limits.cheep_chars) {
    throw tooLong(`This cheep has ${chars} characters; at most ${limits.cheep_chars} are allowed.`);
  }
  const breaks = text.split('\n').length - 1;
  if (breaks > CHEEP_LINE_FEEDS) {
    throw tooLong(`This cheep has ${breaks} line breaks; at most ${CHEEP_LINE_FEEDS} are allowed.`);
  }
  return text;
}

/** Whether a text has a link with a token or a secret behind its #: who reads it comes in by it, or writes under somebody's name. */
export const lendsAccess = (text) => /#(\S*&)?(join=[\w%-]{16}|secret=\S)/.test(text);

const refuseName = (why) => { throw new Refusal('bad_name', why); };

/** What passes for the mark of a verified name, by which a name would say of itself what only a server can say. */
const LIKE_A_MARK = /[✓✔✅☑⍻√⎷Ⓥⓥ\u{1F5F8}\u{1F5F9}\u{1FBB1}\u{10102}\u{1F165}\u{1F145}\u{1F185}]/u;

/**
 * Reads a name as somebody typed it.
 * @returns {string} the name as people see it
 * @throws {Refusal}
 */
export function parseName(raw) {
  const name = readName(raw);
  // Nothing of what follows is in ASCII, which most names are.
  if (/^\p{ASCII}*$/u.test(name)) return name;
  if (LIKE_A_MARK.test(name)) {
    refuseName('A name must not have a check mark or the like: that is how verified names are marked.');
  }
  if (/[\p{Co}\p{Noncharacter_Code_Point}]/u.test(name)) {
    refuseName('A name must not have characters that look different everywhere (private use).');
  }
  if (/[\p{Mn}\p{Me}]{5}/u.test(name)) refuseName('A name has at most 4 marks on a letter.');
  for (const { segment } of segmenter.segment(name)) {
    if (segment.length > NAME_CLUSTER && Array.from(segment).length > NAME_CLUSTER) {
      refuseName(`A character of a name is made of at most ${NAME_CLUSTER} parts.`);
    }
  }
  return name;
}

/**
 * Reads a name that was taken once, maybe by rules that were wider: it is safe to draw.
 * @returns {string}
 * @throws {Refusal}
 */
export function readName(raw) {
  const name = raw.normalize('NFC');
  const isSpace = (char) => /\p{White_Space}/u.test(char);
  if (name === '') refuseName('A name must have at least one character.');
  let before;
  for (const char of name) {
    if (isSpace(char) && (before === undefined || isSpace(before))) {
      refuseName('A name must not begin with a space or have two in a row.');
    }
    if (/[\p{Control}\p{Surrogate}\u2028\u2029]/u.test(char) || !isVisible(char, before)) {
      refuseName('A name must not have line breaks, control or invisible characters.');
    }
    before = char;
  }
  if (isSpace(before)) refuseName('A name must not end with a space.');
  if (countChars(name) > LIMITS.name_chars) refuseName(`A name has at most ${LIMITS.name_chars} characters.`);
  if (byteCount(name) > NAME_BYTES) {
    refuseName(`This name has too many marks on its letters: it has at most ${NAME_BYTES} bytes.`);
  }
  return name;
}

function isVisible(char, before) {
  const emojiSelector = /[\uFE0E\uFE0F]/u.test(char) && before !== undefined && /\p{Emoji}/u.test(before);
  return emojiSelector || !(/[\p{Format}\u2800]/u.test(char) || isIgnorable(char));
}

/**
 * Reads the emoji of a reaction as somebody typed it.
 * @returns {string} the emoji in its one form
 * @throws {Refusal}
 */
export function parseEmoji(raw) {
  const emoji = normalEmoji(raw);
  if (emoji === null) throw new Refusal('bad_field', 'A reaction is one emoji, such as 👍.');
  if (byteCount(emoji) > EMOJI_BYTES) {
    throw new Refusal('bad_field', `This emoji is made of too many parts: it has at most ${EMOJI_BYTES} bytes.`);
  }
  return emoji;
}

/** What makes two names one: equal after Unicode NFKC_Casefold. A key, not something to show. */
export function foldName(name) {
  let folded = name.normalize('NFD');
  for (let round = 0; round < 2; round += 1) {
    folded = foldCase(folded).replace(/\p{Default_Ignorable_Code_Point}/gu, '').normalize('NFKC');
  }
  return folded;
}

/** Up, then down, a character at a time: a whole word would make a sigma at its end differ. ı is not i. */
function foldCase(text) {
  const lower = (char) => (/\p{sc=Cher}/u.test(char) ? char.toUpperCase() : char.toLowerCase());
  return Array.from(text, (char) => (char === 'ı' ? char : Array.from(char.toUpperCase(), lower).join(''))).join('');
}

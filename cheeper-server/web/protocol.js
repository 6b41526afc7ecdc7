// What may be said: limits, the rules for names and cheeps, and the server's frames read into plain objects.
// It does no IO. The rules are those of the Rust crate `cheeper-protocol`; both run the same vectors.

import { normalEmoji } from './emoji.js';

/**
 * @typedef {{cheep_chars: number, name_chars: number, frame_bytes: number, page: number, who: number,
 *   posts_per_minute: number}} Limits
 * @typedef {{type: 'cheep', seq: number, at: string, name: string, cheep: string, verified: boolean,
 *   reply_to?: number, id?: string}} Cheep
 * @typedef {Cheep | {type: 'unknown', seq: number}} Event  One of a kind not known here takes up its place and shows nothing.
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
const ID_BYTES_MAX = 64;
const EMOJI_BYTES = 32;

const CODES = new Set([
  'bad_json', 'bad_frame', 'unknown_type', 'bad_field', 'empty_cheep', 'cheep_too_long', 'bad_reply', 'bad_name',
  'name_required', 'name_taken', 'bad_secret', 'id_conflict', 'rate_limited', 'not_stored', 'internal',
]);

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
export const bytesOf = (frame) => utf8.encode(JSON.stringify(frame)).length;

const trim = (text) => text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');

/** A name's length, in bytes. */
const NAME_BYTES = 512;

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

/**
 * Reads a name as somebody typed it.
 * @returns {string} the name as people see it
 * @throws {Refusal}
 */
export function parseName(raw) {
  const refuse = (why) => { throw new Refusal('bad_name', why); };
  const name = raw.normalize('NFC');
  const isSpace = (char) => /\p{White_Space}/u.test(char);
  if (name === '') refuse('A name must have at least one character.');
  let before;
  for (const char of name) {
    if (isSpace(char) && (before === undefined || isSpace(before))) {
      refuse('A name must not begin with a space or have two in a row.');
    }
    if (/[\p{Control}\p{Surrogate}\u2028\u2029]/u.test(char) || !isVisible(char, before)) {
      refuse('A name must not have line breaks, control or invisible characters.');
    }
    before = char;
  }
  if (isSpace(before)) refuse('A name must not end with a space.');
  if (countChars(name) > LIMITS.name_chars) refuse(`A name has at most ${LIMITS.name_chars} characters.`);
  if (utf8.encode(name).length > NAME_BYTES) {
    refuse(`This name has too many marks on its letters: it has at most ${NAME_BYTES} bytes.`);
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
  if (utf8.encode(emoji).length > EMOJI_BYTES) {
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

/**
 * The cheep that an event is; undefined for events that are none.
 * @param {Event | undefined} event
 * @returns {Cheep | undefined}
 */
export function cheepOf(event) {
  switch (event?.type) {
    case 'cheep': return event;
    case 'unknown':
    case undefined: return undefined;
    default: throw new TypeError(`no such event: ${event.type}`);
  }
}

/**
 * Reads one text frame from a server; unknown fields are left out.
 * @param {string} text
 * @throws {Error} when it is no JSON object, or a known type with wrong fields
 */
export function parseServerFrame(text) {
  return readServerFrame(JSON.parse(text));
}

/** A frame that is parsed JSON already. A type not known here becomes `unknown`, with its seq if it is an event. */
export function readServerFrame(frame) {
  const type = string(object(frame), 'type');
  const read = own(EVENTS, type) ?? own(ANSWERS, type);
  return tidy(read ? { type, ...read(frame) } : { type: 'unknown', seq: optional(seq)(frame, 'seq') });
}

/** An event of a page. One that cannot be read keeps its place, or it would be asked for for ever. @returns {Event} */
function event(f) {
  const { type } = object(f);
  try {
    const read = own(EVENTS, type);
    if (read) return tidy({ type, ...read(f) });
  } catch {
    // It is taken as unknown below.
  }
  return { type: 'unknown', seq: seq(f, 'seq') };
}

const own = (readers, type) => (Object.hasOwn(readers, type) ? readers[type] : undefined);

/** The kinds of events that are known here. */
const EVENTS = {
  cheep: (f) => ({
    seq: seq(f, 'seq'), at: instant(f, 'at'), name: name(f, 'name'), cheep: cleanCheep(string(f, 'cheep')),
    verified: isSet(f, 'verified') ?? false, reply_to: optional(seq)(f, 'reply_to'), id: requestId(f),
  }),
};

const ANSWERS = {
  welcome: (f) => ({
    protocol: whole(f, 'protocol'), server: string(f, 'server'), timeline: string(f, 'timeline'), head: seq(f, 'head'),
    online: whole(f, 'online'), limits: limits(f.limits),
  }),
  page: (f) => ({
    id: requestId(f), cheeps: list(f, 'cheeps').map(event), head: seq(f, 'head'), more: flag(f, 'more'),
    reset: isSet(f, 'reset'),
  }),
  ack: (f) => ({
    id: requestId(f), seq: seq(f, 'seq'), at: instant(f, 'at'), duplicate: isSet(f, 'duplicate'),
  }),
  hello: (f) => ({ id: requestId(f), name: name(f, 'name'), claimed: flag(f, 'claimed') }),
  online: (f) => ({ count: whole(f, 'count'), head: seq(f, 'head') }),
  lagged: (f) => ({ head: seq(f, 'head') }),
  who: (f) => ({ id: requestId(f), names: list(f, 'names').map(parseName), online: whole(f, 'online') }),
  pong: (f) => ({ id: requestId(f), head: seq(f, 'head') }),
  error: (f) => ({
    id: requestId(f), code: CODES.has(string(f, 'code')) ? f.code : 'unknown', message: string(f, 'message'),
    retryable: flag(f, 'retryable'), retry_after_ms: optional(whole)(f, 'retry_after_ms'), field: optional(string)(f, 'field'),
  }),
  goodbye: (f) => ({ reason: string(f, 'reason'), reconnect_after_ms: whole(f, 'reconnect_after_ms') }),
};

function limits(f) {
  return Object.fromEntries(Object.keys(LIMITS).map((limit) => [limit, whole(object(f), limit)]));
}

function need(fits, field, what) {
  if (!fits) throw new TypeError(`"${field}" must be ${what}`);
}

function object(value) {
  need(typeof value === 'object' && value !== null && !Array.isArray(value), 'frame', 'an object');
  return value;
}

function string(f, field) {
  need(typeof f[field] === 'string', field, 'a string');
  return f[field];
}

function whole(f, field) {
  need(Number.isSafeInteger(f[field]) && f[field] >= 0, field, 'a whole number');
  return f[field];
}

const seq = whole;

function flag(f, field) {
  need(typeof f[field] === 'boolean', field, 'true or false');
  return f[field];
}

/** True, or absent: false says no more than that. */
const isSet = (f, field) => (f[field] !== undefined && flag(f, field)) || undefined;

function list(f, field) {
  need(Array.isArray(f[field]), field, 'a list');
  return f[field];
}

function instant(f, field) {
  const at = new Date(string(f, field));
  need(!Number.isNaN(at.getTime()), field, 'a time');
  return at.toISOString();
}

const name = (f, field) => parseName(string(f, field));

const optional = (read) => (f, field) => (f[field] === undefined || f[field] === null ? undefined : read(f, field));

function requestId(f) {
  const id = optional(string)(f, 'id');
  const bytes = id === undefined ? 1 : utf8.encode(id).length;
  need(bytes >= 1 && bytes <= ID_BYTES_MAX, 'id', 'a string of 1 to 64 bytes');
  return id;
}

/** Without the fields that are absent. */
function tidy(frame) {
  return Object.fromEntries(Object.entries(frame).filter(([, value]) => value !== undefined));
}

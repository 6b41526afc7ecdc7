// The server's frames, read into plain objects: what comes from outside is checked once, here. Pure.

import { LIMITS, byteCount, cleanCheep, parseEmoji, readName } from './protocol.js';

/** @typedef {import('./protocol.js').Event} Event */

const ID_BYTES_MAX = 64;

const CODES = new Set([
  'bad_json', 'bad_frame', 'unknown_type', 'bad_field', 'empty_cheep', 'cheep_too_long', 'bad_reply', 'bad_name',
  'name_required', 'name_taken', 'bad_secret', 'id_conflict', 'not_found', 'forbidden', 'gone', 'too_many', 'muted', 'token_required',
  'read_only',
  'rate_limited', 'not_stored', 'internal',
]);

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
    verified: isSet(f, 'verified') ?? false, reply_to: optional(seq)(f, 'reply_to'),
    parent_replies: optional(whole)(f, 'parent_replies'), id: requestId(f), rev: optional(seq)(f, 'rev'),
    edited_at: optional(instant)(f, 'edited_at'), deleted: optional(deleter)(f, 'deleted'),
    reactions: f.reactions === undefined ? undefined : listed(list(f, 'reactions').map(reaction)),
    replies: f.replies === undefined ? undefined : whole(f, 'replies') || undefined,
  }),
  edit: (f) => ({
    seq: seq(f, 'seq'), at: instant(f, 'at'), target: seq(f, 'target'), cheep: cleanCheep(string(f, 'cheep')), id: requestId(f),
  }),
  delete: (f) => ({
    seq: seq(f, 'seq'), at: instant(f, 'at'), target: seq(f, 'target'), by: deleter(f, 'by'),
    reply_to: optional(seq)(f, 'reply_to'), parent_replies: optional(whole)(f, 'parent_replies'), id: requestId(f),
  }),
  reaction: (f) => ({
    seq: seq(f, 'seq'), at: instant(f, 'at'), target: seq(f, 'target'), name: name(f, 'name'), emoji: emoji(f, 'emoji'),
    on: flag(f, 'on'), count: whole(f, 'count'), next: optional(name)(f, 'next'), id: requestId(f),
  }),
  void: (f) => ({ seq: seq(f, 'seq') }),
};

const ROLES = new Set(['reader', 'member', 'host']);

const ANSWERS = {
  welcome: (f) => ({
    protocol: whole(f, 'protocol'), server: string(f, 'server'), timeline: string(f, 'timeline'), head: seq(f, 'head'),
    online: whole(f, 'online'), role: role(f), limits: limits(f.limits),
  }),
  page: (f) => ({
    id: requestId(f), events: list(f, 'events').map(event), from: seq(f, 'from'), to: seq(f, 'to'), head: seq(f, 'head'),
    more: flag(f, 'more'), reset: isSet(f, 'reset'), floor: optional(seq)(f, 'floor'), missing: isSet(f, 'missing'),
  }),
  ack: (f) => ({
    id: requestId(f), seq: seq(f, 'seq'), at: instant(f, 'at'), duplicate: isSet(f, 'duplicate'),
  }),
  hello: (f) => ({ id: requestId(f), name: name(f, 'name'), claimed: flag(f, 'claimed') }),
  online: (f) => ({ count: whole(f, 'count'), head: seq(f, 'head') }),
  lagged: (f) => ({ head: seq(f, 'head') }),
  who: (f) => ({ id: requestId(f), names: list(f, 'names').map(nameOf), online: whole(f, 'online') }),
  pong: (f) => ({ id: requestId(f), head: seq(f, 'head') }),
  error: (f) => ({
    id: requestId(f), code: CODES.has(string(f, 'code')) ? f.code : 'unknown', message: string(f, 'message'),
    retryable: flag(f, 'retryable'), retry_after_ms: optional(whole)(f, 'retry_after_ms'), field: optional(string)(f, 'field'),
  }),
  goodbye: (f) => ({ reason: string(f, 'reason'), reconnect_after_ms: whole(f, 'reconnect_after_ms') }),
};

/** What one may do here: what every member may, if nothing is said. */
function role(f) {
  const said = f.role ?? 'member';
  need(ROLES.has(said), 'role', 'reader, member or host');
  return said;
}

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

const name = (f, field) => readName(string(f, field));

const emoji = (f, field) => parseEmoji(string(f, field));

function deleter(f, field) {
  need(f[field] === 'author' || f[field] === 'host', field, '"author" or "host"');
  return f[field];
}

/** Absent says that there are none. */
const listed = (all) => (all.length > 0 ? all : undefined);

const reaction = (f) => ({ emoji: emoji(object(f), 'emoji'), count: whole(f, 'count'), names: list(f, 'names').map(nameOf) });

function nameOf(value) {
  need(typeof value === 'string', 'names', 'a list of names');
  return readName(value);
}

const optional = (read) => (f, field) => (f[field] === undefined || f[field] === null ? undefined : read(f, field));

function requestId(f) {
  const id = optional(string)(f, 'id');
  const bytes = id === undefined ? 1 : byteCount(id);
  need(bytes >= 1 && bytes <= ID_BYTES_MAX, 'id', 'a string of 1 to 64 bytes');
  return id;
}

/** Without the fields that are absent. */
function tidy(frame) {
  return Object.fromEntries(Object.entries(frame).filter(([, value]) => value !== undefined));
}

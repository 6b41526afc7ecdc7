// What a link carries behind its #, which no server on the way gets to see: a token to come in by, or a name with its secret.
// Pure; the terminal client writes and reads the same.

import { byteCount, parseName } from './protocol.js';

const TOKEN = /^[A-Za-z0-9_-]{16,128}$/;
const SECRET_BYTES = { least: 16, most: 128 };

/** The fields of a fragment; what is not percent-encoded as it should be is none. */
function fieldsOf(link) {
  const fields = new Map();
  for (const field of link.slice(link.indexOf('#') + 1).split('&')) {
    const [key] = field.split('=', 1);
    try {
      fields.set(key, decodeURIComponent(field.slice(key.length + 1)));
    } catch {
      // Then it is no link of ours.
    }
  }
  return fields;
}

/** The token in a link, or one that stands by itself, as people paste it. @returns {string | null} */
export function tokenIn(text) {
  const trimmed = text.trim();
  const token = trimmed.includes('#') ? fieldsOf(trimmed).get('join') ?? '' : trimmed;
  return TOKEN.test(token) ? token : null;
}

/** The name and its secret in a link. @returns {import('./follow.js').Identity | null} */
export function identityIn(text) {
  const fields = text.includes('#') ? fieldsOf(text.trim()) : new Map();
  const secret = fields.get('secret') ?? '';
  const bytes = byteCount(secret);
  if (bytes < SECRET_BYTES.least || bytes > SECRET_BYTES.most) return null;
  try {
    return { name: parseName(fields.get('name') ?? ''), secret };
  } catch {
    return null;
  }
}

/** @param {string} page  the page's address, without a fragment */
export const joinLink = (page, token) => `${page}#join=${token}`;

/** @param {string} page @param {import('./follow.js').Identity} identity */
export const nameLink = (page, { name, secret }) => `${page}#name=${encodeURIComponent(name)}&secret=${encodeURIComponent(secret)}`;

/** Whether only this machine itself gets to an address: no use for a telephone. */
export const isOfThisMachine = ({ hostname }) => /^(?:localhost|.*\.localhost|127(?:\.\d+){3}|\[::1\])$/u.test(hostname);

// Links and the audit: what is read of what people paste, what is said of what hosts did.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { remedy, told } from '../audit.js';
import { identityIn, isOfThisMachine, joinLink, nameLink, tokenIn } from '../links.js';
import { lendsAccess } from '../protocol.js';
import { withEnd } from '../time.js';

const TOKEN = 'j_8cZ0u3m5Q1xkq2Yw7b9aTg';
const SECRET = 'correct horse & battery = 100 %';

test('a token is found in a link, in a fragment and by itself', () => {
  for (const pasted of [joinLink('http://host:5000/', TOKEN), ` https://host/cheeper/#join=${TOKEN}\n`, `#join=${TOKEN}`, TOKEN, `#x=1&join=${TOKEN}`]) {
    assert.equal(tokenIn(pasted), TOKEN, pasted);
  }
});

test('what is no link has no token', () => {
  for (const pasted of ['', 'hello', 'http://host:5000/', '#join=', '#join=short', `#join=${'a'.repeat(129)}`, '#join=%zz', `#name=${TOKEN}`, `#join=${TOKEN}!`, `${TOKEN} ${TOKEN}`]) {
    assert.equal(tokenIn(pasted), null, pasted);
  }
});

test('a name goes through a link and back as it was', () => {
  for (const name of ['alice', 'Zoë & 家', 'a=b#c', '100 %', "o'neil + sons"]) {
    const identity = { name, secret: SECRET };
    assert.deepEqual(identityIn(nameLink('https://host/cheeper/', identity)), identity);
  }
});

test('half a name or one that breaks the rules is none', () => {
  const secret = encodeURIComponent(SECRET);
  for (const link of ['', 'alice', '#name=alice', '#name=alice&secret=short', `#name=&secret=${secret}`, `#name=a%0Ab&secret=${secret}`, `#name=alice%20%E2%9C%93&secret=${secret}`, `#name=alice&secret=${'a'.repeat(129)}`, `#name=%zz&secret=${secret}`]) {
    assert.equal(identityIn(link), null, link);
  }
});

test('only the machine itself gets to its own names', () => {
  for (const host of ['localhost', '127.0.0.1', '127.3.2.1', '[::1]', 'cheeper.localhost']) assert.equal(isOfThisMachine(new URL(`http://${host}:5000/`)), true, host);
  for (const host of ['192.168.0.7', 'cheeper.example', 'localhost.example', '[fe80::1]', '127.example']) assert.equal(isOfThisMachine(new URL(`http://${host}:5000/`)), false, host);
});

test('each entry that can be undone says how', () => {
  assert.deepEqual(remedy({ entry: 3, action: 'claim', name: 'bob' }), { label: 'Release', path: 'api/release', fields: { name: 'bob' } });
  for (const action of ['mute', 'release', 'link', 'join']) assert.deepEqual(remedy({ entry: 3, action }).fields, { entry: 3 });
  for (const action of ['mute', 'release']) assert.equal(remedy({ entry: 3, action }).outcome, undefined);
  for (const action of ['remove', 'undo', 'unknown', 'toString']) assert.equal(remedy({ entry: 3, action }), null);
  assert.equal(remedy({ entry: 3, action: 'mute', undone_by: 4 }), null);
});

test('what ends for good says who is out', () => {
  assert.equal(remedy({ entry: 3, action: 'link', link: 5 }).outcome, 'Everybody who came in by link 5 is out, even if that is you.');
  assert.equal(remedy({ entry: 3, action: 'join', link: 5 }).outcome, 'The one who came in by link 5 is out, even if that is you.');
});

test('an entry that undoes another tells what, if that is here', () => {
  const undo = { entry: 4, at: 'now', action: 'undo', undoes: 3 };
  const text = (undone) => told({ ...undo, undone }, String).map((part) => part.name ?? part).join('');
  assert.equal(text(undefined), 'entry 3 was undone by the operator');
  assert.equal(text({ entry: 3, action: 'mute', name: 'eve', until: 'noon' }), 'entry 3 (eve was muted until noon) was undone by the operator');
  assert.equal(text({ entry: 3, action: 'link', link: 1, role: 'host', note: '4b' }), 'entry 3 (link 1 for hosts (4b) was made) was undone by the operator');
  for (const action of ['undo', 'toString', 'unknown']) assert.equal(text({ entry: 3, action, undoes: 4 }), text(undefined));
});

test('no link that lets somebody in, or hands over a name, passes for a cheep', () => {
  const identity = { name: 'alice', secret: SECRET };
  const links = [joinLink('http://host:5000/', TOKEN), nameLink('https://host/cheeper/', identity), `#join=${TOKEN}`, `#x=1&join=${TOKEN}`,
    `#join=${TOKEN.replace('_', '%5F')}`, `#secret=${encodeURIComponent(SECRET)}&name=alice`];
  for (const link of links) {
    assert.ok(tokenIn(link) !== null || identityIn(link) !== null, link);
    for (const text of [link, `come in: ${link}!`, `one\n${link}\ntwo`, `<${link}>`]) assert.ok(lendsAccess(text), text);
  }
  for (const text of ['', 'alice', '#join', '#join=short', `join=${TOKEN}`, 'https://x.example/?a=1&secret=abc#top', '#tag and secret=abc', 'http://host:5000/#name=alice']) {
    assert.ok(!lendsAccess(text), text);
  }
});

test('a name in an entry stays apart from the words round it', () => {
  const mute = { entry: 3, at: 'now', action: 'mute', name: 'by the operator', until: 'noon' };
  assert.deepEqual(told(mute, (at) => `<${at}>`), [{ name: 'by the operator' }, ' was muted', ' until <noon>', ' by the operator']);
});

test('a mute says when it ends, if it does', () => {
  const muted = { code: 'muted', message: 'A host has muted this name.' };
  assert.equal(withEnd(muted, 0), muted.message);
  assert.equal(withEnd({ ...muted, code: 'rate_limited', retry_after_ms: 1000 }, 0), muted.message);
  const now = new Date(2026, 10, 23, 12, 8).getTime();
  assert.equal(withEnd({ ...muted, retry_after_ms: 3_600_000 }, now), 'A host has muted this name. Until 13:08.');
  assert.match(withEnd({ ...muted, retry_after_ms: 48 * 3_600_000 }, now), /25/);
});

// Wires the page together: what the reader does goes to the connection, what comes from there is reduced and drawn.

import { bindActions, bindKeys } from './actions.js';
import { fillQuotes } from './article.js';
import { Composer } from './composer.js';
import { Connection } from './connection.js';
import { bindSettings, closeOnBackdrop, showAround, showHelp } from './dialogs.js';
import { byId } from './dom.js';
import { Feed } from './feed.js';
import { LIMITS, cheepOf, cleanCheep, countChars, parseCheep, parseName } from './protocol.js';
import { Quotes } from './quotes.js';
import { Announcer, askToNotify, canNotify, notify, showUnseen } from './signals.js';
import { nextTheme, showEnd, showStatus, showTheme, showWaiting } from './status.js';
import * as storage from './storage.js';
import { isMentioned, isNamed, readerNamed } from './text.js';
import { dayOf } from './time.js';
import { EMPTY, cheepAt, countUnseen, countWaiting, hasMore, reduce } from './timeline.js';

/** Characters over the limit that are still counted one by one. */
const COUNTED_OVER = 999;
/** How often the times on the page are brought up to date. */
const TICK_MS = 15_000;
/** A hidden tab draws nothing, but its title counts. */
const HIDDEN_MS = 500;
/** After a drawing, the next one waits this many times as long as it took: in a flood, input has its turn all the same. */
const REST = 5;

let identity = storage.loadIdentity();
/** @type {import('./text.js').Reader | null} */
let reader = null;
let isNameRefused = false;
let timeline = EMPTY;
/** Events that came since the last drawing. */
let arrived = [];
/** The part of the timeline that they are all there is of. @type {{from: number, to: number} | null} */
let arrivedPart = null;
let drawn = {};
let status = { link: { is: 'idle' }, online: 0, unsent: 0 };
/** On this connection, all that was missed has come. */
let isCaughtUp = false;
/** What was there when the page was opened has come; what comes now is news. */
let isFilled = false;
let timelineId = null;
let limits = LIMITS;
let isDrawingDue = false;
/** When the next drawing may be, in ms. */
let restsUntil = 0;
let countdown;

const settings = storage.loadSettings();
const outbox = new storage.Outbox();
const announcer = new Announcer();
const feed = new Feed();

const composer = new Composer({ onName: chooseName, onRename: () => composer.askName(identity.name), onCheep: submit, onDraft: draftChanged });

const connection = new Connection({
  url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`,
  onChange: (follow) => {
    outbox.save(follow.outbox);
    status = { link: follow.link, online: follow.online, unsent: follow.outbox.length };
    isCaughtUp = follow.link.is === 'live' && (isCaughtUp || follow.caughtUp);
    if (timelineId !== follow.timelineId) meet(follow.timelineId);
    leave();
    if (limits !== follow.limits) {
      limits = follow.limits;
      showLeft();
    }
    draw();
  },
  onOutput: take,
});

const quotes = new Quotes((part) => connection.look(part), (cheep) => {
  fillQuotes(cheep);
  composer.showAnswered(quoted);
});

history.scrollRestoration = 'manual';
const kept = storage.loadDraft();
composer.text = kept.text;
composer.answer(kept.replyTo);
showLeft();
showTheme(storage.loadTheme());
if (identity) useIdentity(identity);
else composer.askName();
connection.start();
outbox.adoptOrphans(put);
storage.onIdentityChange(useIdentity);
listen();

function listen() {
  byId('retry').addEventListener('click', () => connection.retry());
  byId('pill').addEventListener('click', toNewest);
  byId('open-help').addEventListener('click', showHelp);
  byId('theme').addEventListener('click', () => {
    const theme = nextTheme(storage.loadTheme());
    storage.saveTheme(theme);
    showTheme(theme);
  });
  window.addEventListener('scroll', look, { passive: true });
  document.addEventListener('visibilitychange', () => {
    keepSeen();
    leave();
    // A frame that was asked for does not come while the tab is hidden.
    isDrawingDue = false;
    draw();
  });
  window.addEventListener('pagehide', keepSeen);
  document.addEventListener('focusin', look);
  // Where the focus went is known only afterwards.
  document.addEventListener('focusout', () => setTimeout(look));
  for (const root of [byId('feed'), byId('around-list')]) bindActions(root, { onReply: reply, onGo: go });
  bindKeys({
    n: () => composer.focus(),
    j: () => feed.move(1),
    k: () => feed.move(-1),
    '.': toNewest,
    r: (article) => article && reply(Number(article.dataset.seq)),
    '?': showHelp,
  }, () => settings.shortcuts);
  bindSettings(settings, changeSettings);
  closeOnBackdrop();
  setInterval(() => {
    feed.tick(Date.now());
    draw();
  }, TICK_MS);
}

/** @param {import('./follow.js').Output} output */
function take(output) {
  switch (output.do) {
    case 'events':
      if (arrivedPart === null) arrivedPart = { from: output.from };
      arrivedPart.to = output.to;
      arrived.push(...output.events);
      draw();
      break;
    case 'named':
      composer.showName(output.name, output.claimed);
      // A form that the reader opened stays open.
      if (isNameRefused) composer.open();
      isNameRefused = false;
      break;
    case 'name_refused':
      // After each reconnect it is refused again: what is being typed by then stays.
      if (!isNameRefused) composer.askName(identity.name);
      isNameRefused = true;
      composer.showNameRefusal(output.error.message);
      break;
    case 'refused':
      act(output);
      if (output.submission.type === 'post') takeBack(output.submission);
      composer.showRefusal(output.error.message);
      break;
    case 'reset':
      quotes.forget();
      isFilled = false;
      act(output);
      break;
    default:
      act(output);
  }
}

function act(action) {
  settle();
  const before = timeline;
  timeline = reduce(timeline, action);
  if (timeline !== before) draw();
}

/** Applies what came since the last time, all at once. */
function settle() {
  if (arrivedPart === null) return;
  const events = arrived;
  arrived = [];
  if (isFilled) tell(events.map(cheepOf).filter((cheep) => cheep && !isNamed(cheep.name, reader)));
  const { from, to } = arrivedPart;
  arrivedPart = null;
  const { first } = timeline;
  timeline = reduce(timeline, { do: 'events', events, from, to });
  if (first !== null && first < timeline.first) connection.forget(timeline.first);
}

/** Others' cheeps that came just now. */
function tell(cheeps) {
  if (!document.hidden) announcer.arrived(cheeps);
  else if (settings.notify) cheeps.filter(({ cheep }) => isMentioned(cheep, reader)).slice(-1).forEach(notify);
}

function chooseName(typed) {
  try {
    useIdentity(storage.saveName(parseName(typed.trim())));
    composer.focus();
  } catch (refusal) {
    composer.showNameRefusal(refusal.message);
  }
}

function useIdentity(chosen) {
  identity = chosen;
  reader = readerNamed(identity.name);
  isNameRefused = false;
  composer.showName(identity.name, false);
  composer.open();
  connection.identify(identity);
}

function submit() {
  const { text, replyTo } = composer.draft;
  let cheep;
  try {
    cheep = parseCheep(text, limits);
  } catch (refusal) {
    composer.showRefusal(refusal.message);
    return;
  }
  composer.text = '';
  composer.answer(null);
  draftChanged();
  put({ type: 'post', id: storage.randomId(), cheep, ...(replyTo !== null && { reply_to: replyTo }) });
  toNewest();
}

function put(submission) {
  act({ do: 'submit', submission });
  connection.submit(submission);
}

/** What is being written stays, below what came back. */
function takeBack({ cheep, reply_to: replyTo }) {
  composer.text = [cheep, composer.draft.text].filter((text) => text !== '').join('\n');
  if (replyTo !== undefined) composer.answer(replyTo);
  draftChanged();
}

function reply(seq) {
  byId('around').close();
  composer.answer(seq);
  composer.showAnswered(quoted);
  draftChanged();
  composer.focus();
}

function quoted(seq) {
  return cheepAt(timeline, seq) ?? quotes.get(seq);
}

/** Goes to a cheep: in the timeline if it is loaded and drawn there, else in a dialog of its own. */
function go(seq) {
  settle();
  if (cheepAt(timeline, seq) && seq <= (timeline.held ?? Infinity)) {
    byId('around').close();
    act({ do: 'hold' });
    feed.jump(seq);
  } else showAround(seq, (part) => connection.look(part), context());
}

function draftChanged() {
  storage.saveDraft(composer.draft);
  composer.showRefusal('');
  showLeft();
}

function showLeft() {
  const most = limits.cheep_chars;
  composer.showLeft(most - countChars(cleanCheep(composer.draft.text), most + COUNTED_OVER));
}

async function changeSettings(changed) {
  let why = '';
  if (changed.notify && !(await askToNotify())) {
    changed.notify = false;
    why = canNotify ? 'This browser does not let the page notify: allow it in its settings.' : 'Notifications need https, or a server on this machine.';
  }
  storage.saveSettings(changed);
  return why;
}

function toNewest() {
  if (feed.isInUse) document.activeElement.blur();
  document.getSelection()?.removeAllRanges();
  window.scrollTo(0, 0);
  act({ do: 'follow' });
}

/** Loads and draws what the reader comes near to; nothing new is put in while they read further down. */
function look() {
  act({ do: window.scrollY > 1 || feed.isInUse ? 'hold' : 'follow' });
  feed.scrolled();
  if (hasMore(timeline) && feed.leftBelow < 2 * window.innerHeight) connection.older();
}

/** Many changes, one drawing. */
function draw() {
  if (isDrawingDue) return;
  isDrawingDue = true;
  const next = () => {
    isDrawingDue = false;
    const start = performance.now();
    drawNow();
    const end = performance.now();
    restsUntil = end + REST * (end - start);
  };
  if (document.hidden) setTimeout(next, HIDDEN_MS);
  else setTimeout(() => requestAnimationFrame(next), restsUntil - performance.now());
}

function drawNow() {
  settle();
  isFilled ||= isCaughtUp;
  if (isPresent()) timeline = reduce(timeline, { do: 'back' });
  showConnection();
  showUnseen(countUnseen(timeline));
  const wanted = { timeline, reader, isLive: status.link.is === 'live', day: dayOf(Date.now()) };
  if (document.hidden || Object.keys(wanted).every((part) => drawn[part] === wanted[part])) return;
  drawn = wanted;
  feed.draw(timeline, context());
  composer.showAnswered(quoted);
  showWaiting(countWaiting(timeline));
  showEnd(endSentence());
  look();
}

/** A timeline, for the first time on this page: how far it was read on the visit before. */
function meet(id) {
  timelineId = id;
  const seen = storage.loadSeen(id);
  if (seen !== null) act({ do: 'remember', seq: seen });
}

/** Somebody is here, and sees all there is. */
function isPresent() {
  return !document.hidden && isCaughtUp;
}

/** From now on, what comes is not seen; whether it was is decided again when it is drawn. */
function leave() {
  if (!isPresent() && !timeline.isAway) act({ do: 'away' });
}

function context() {
  return { reader, name: identity?.name ?? '', now: Date.now(), isLive: status.link.is === 'live', quoted };
}

function keepSeen() {
  if (timeline.seen !== null) storage.saveSeen(timelineId, timeline.seen);
}

function endSentence() {
  if (timeline.cheeps.length === 0) return isCaughtUp && timeline.pending.length === 0 ? 'Nothing here yet: say something.' : '';
  return hasMore(timeline) ? '' : 'This is where it began.';
}

function showConnection() {
  clearTimeout(countdown);
  const { waitMs } = connection;
  if (waitMs > 0) countdown = setTimeout(draw, waitMs % 1000 || 1000);
  showStatus({ ...status, waitMs });
}

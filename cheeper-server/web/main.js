// Wires the page together: what the reader does goes to the connection, what comes from there is reduced and drawn.

import { bindActions, bindKeys } from './actions.js';
import { Admission } from './admission.js';
import { fillQuotes } from './article.js';
import { Changing } from './changing.js';
import { Connection } from './connection.js';
import { bindSettings, closeOnBackdrop, showHelp } from './dialogs.js';
import { byId } from './dom.js';
import { Feed } from './feed.js';
import { Lookups } from './lookups.js';
import { Pace } from './pace.js';
import { Quotes } from './quotes.js';
import { Announcer, permitted, showUnseen } from './signals.js';
import { nextTheme, showEnd, showStatus, showTheme, showWaiting } from './status.js';
import * as storage from './storage.js';
import { isNamed } from './text.js';
import { dayOf, withEnd } from './time.js';
import { EMPTY, cheepAt, countUnseen, countWaiting, hasMore, newsOf, reduce } from './timeline.js';
import { Who } from './who.js';
import { Writing } from './writing.js';

/** How often the times on the page are brought up to date. */
const TICK_MS = 15_000;
let timeline = EMPTY;
/** What came since the last drawing, and the part of the timeline that it is all there is of. */
let arrived = null;
let drawn = {};
let status = { link: { is: 'idle' }, online: 0, unsent: 0 };
/** On this connection, all that was missed has come. */
let isCaughtUp = false;
/** What was there when the page was opened has come; what comes now is news. */
let isFilled = false;
/** Something was deleted that a hidden tab still shows. */
let isDeletionDue = false;
let timelineId = null;
let countdown;

const settings = storage.loadSettings();
const outbox = new storage.Outbox();
const announcer = new Announcer();
const feed = new Feed();
const changing = new Changing({ submit, known, who: () => who, underWay: () => timeline.changing, redraw: () => draw() });
const admission = new Admission(() => connection.reenter(), () => draw());
const pace = new Pace(drawNow);
const draw = () => pace.ask();

const connection = new Connection({
  // Beside the page, wherever a proxy has put that; what was http is ws, and https wss.
  url: new URL('ws', location.href).href.replace(/^http/, 'ws'),
  onChange: (follow) => {
    outbox.save(follow.outbox);
    admission.changed(follow);
    status = { link: follow.link, online: follow.online, unsent: follow.outbox.length };
    isCaughtUp = follow.link.is === 'live' && (isCaughtUp || follow.caughtUp);
    if (timelineId !== follow.timelineId) meet(follow.timelineId);
    leave();
    writing.limits = follow.limits;
    draw();
  },
  onOutput: take,
  onFailed: (answer) => admission.failed(answer),
});

const ask = (request) => connection.look(request);
const lookups = new Lookups({ ask, context, cheepsAfter });
const quotes = new Quotes(ask, (cheep) => {
  fillQuotes(cheep.seq, cheep);
  writing.refresh();
});
const writing = new Writing({ onName: (typed) => who.choose(typed), onRename: () => who.ask(), onSubmit: submitWritten, quoted });
const who = new Who(writing.composer, (identity) => connection.identify(identity));

history.scrollRestoration = 'manual';
showTheme(storage.loadTheme());
admission.followLink(who).finally(() => connection.start());
outbox.adoptOrphans(submit);
listen();

function listen() {
  byId('retry').addEventListener('click', () => connection.retry());
  byId('pill').addEventListener('click', toNewest);
  byId('open-help').addEventListener('click', showHelp);
  byId('open-search').addEventListener('click', () => lookups.openSearch());
  byId('theme').addEventListener('click', () => {
    const theme = nextTheme(storage.loadTheme());
    storage.saveTheme(theme);
    showTheme(theme);
  });
  byId('carry').addEventListener('click', async () => (await import('./carry.js')).showCarrying(who));
  window.addEventListener('hashchange', () => admission.followLink(who));
  window.addEventListener('scroll', look, { passive: true });
  document.addEventListener('visibilitychange', () => {
    keepSeen();
    leave();
    pace.again();
  });
  window.addEventListener('pagehide', keepSeen);
  document.addEventListener('focusin', look);
  // Where the focus went is known only afterwards.
  document.addEventListener('focusout', () => setTimeout(look));
  const actions = {
    reply, edit,
    choose: named((seq) => changing.choose(seq)),
    react: named((seq, { dataset }) => changing.toggle(seq, dataset.emoji)),
    thread: (seq) => lookups.openThread(seq),
    delete: (seq) => changing.remove(seq),
    moderate: (seq) => admission.moderate(known(seq)),
  };
  bindActions(document.body, go, actions);
  const onFocused = (what) => (article) => article && what(Number(article.dataset.seq));
  bindKeys({
    n: () => writing.composer.focus(),
    j: () => feed.move(1),
    k: () => feed.move(-1),
    '.': toNewest,
    r: onFocused(reply),
    l: onFocused(actions.choose),
    e: onFocused(edit),
    t: onFocused(actions.thread),
    '/': () => lookups.openSearch(),
    '?': showHelp,
  }, () => settings.shortcuts);
  bindSettings(settings, async (changed) => {
    const why = await permitted(changed);
    storage.saveSettings(changed);
    return why;
  });
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
      arrived ??= { do: 'events', events: [], from: output.from, to: output.to };
      arrived.events.push(...output.events);
      arrived.to = output.to;
      draw();
      break;
    case 'named':
      who.named(output);
      draw();
      break;
    case 'name_refused':
      who.refused(output.error);
      draw();
      break;
    case 'accepted':
      changing.accepted(output.id);
      act(output);
      break;
    case 'refused': {
      const error = { ...output.error, message: withEnd(output.error, Date.now()) };
      act(output);
      changing.refused(output.submission, error.message);
      writing.takeBack(output.submission, error);
      break;
    }
    case 'reset':
      quotes.forget();
      changing.forget();
      lookups.close();
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
  if (arrived === null) return;
  const action = arrived;
  const { events } = action;
  arrived = null;
  const texts = new Map(events.filter(isOfText).map(({ target }) => [target, quotedNow(target)]));
  const { first } = timeline;
  timeline = reduce(timeline, action);
  quotes.apply(events);
  lookups.apply(events);
  for (const [seq, before] of texts) textChanged(seq, before);
  const news = newsOf(timeline, events).filter(({ name }) => !isNamed(name, who.reader));
  if (isFilled && news.length > 0) announcer.arrived(news, who.reader, settings.notify);
  if (first !== null && first < timeline.first) connection.forget(timeline.first);
}

const isOfText = ({ type }) => type === 'edit' || type === 'delete';

/** A cheep reads otherwise than it did, or is gone: so does whatever shows it beside the timeline. */
function textChanged(seq, before) {
  const cheep = quotedNow(seq);
  fillQuotes(seq, cheep);
  writing.changed(seq, cheep);
  isDeletionDue ||= !cheep || Boolean(cheep.deleted);
  announcer.changed(seq, before, cheep, who.reader, settings.notify && isFilled);
}

/** @param {import('./follow.js').Submission} submission */
function submit(submission) {
  changing.tryAgain(submission);
  act({ do: 'submit', submission });
  connection.submit(submission);
}

function submitWritten(submission) {
  submit(submission);
  if (submission.type === 'post') toNewest();
}

/** What only somebody with a name can do. */
function named(what) {
  return (...about) => {
    if (who.identity !== null) {
      what(...about);
      return;
    }
    lookups.close();
    who.ask();
  };
}

function reply(seq) {
  lookups.close();
  writing.reply(seq);
}

function edit(seq) {
  const cheep = known(seq);
  if (!cheep || !changing.isOurs(cheep)) return;
  lookups.close();
  writing.edit(cheep);
}

function cheepsAfter(seq) {
  settle();
  return timeline.cheeps.slice(timeline.cheeps.findLastIndex((cheep) => cheep.seq <= seq) + 1);
}

/** A cheep that is shown anywhere on the page. */
function known(seq) {
  return cheepAt(timeline, seq) ?? lookups.find(seq);
}

/** What a reply answers, as far as it is here. */
function quotedNow(seq) {
  return known(seq) ?? quotes.peek(seq);
}

function quoted(seq) {
  return known(seq) ?? quotes.get(seq);
}

/** Goes to a cheep: in the dialog that is open, in the timeline if it is loaded and drawn there, else in a dialog of its own. */
function go(seq) {
  settle();
  if (lookups.goTo(seq)) return;
  if (cheepAt(timeline, seq) && seq <= (timeline.held ?? Infinity)) {
    lookups.close();
    act({ do: 'hold' });
    feed.jump(seq);
  } else lookups.openAround(seq);
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

function drawNow() {
  settle();
  isFilled ||= isCaughtUp;
  if (isPresent()) timeline = reduce(timeline, { do: 'back' });
  showConnection();
  showUnseen(countUnseen(timeline));
  lookups.draw();
  const { reader, isClaimed } = who;
  const wanted = { timeline, reader, isClaimed, role: admission.role, refusals: changing.version, isLive: status.link.is === 'live', day: dayOf(Date.now()) };
  if ((document.hidden && !isDeletionDue) || Object.keys(wanted).every((part) => drawn[part] === wanted[part])) return;
  drawn = wanted;
  isDeletionDue = false;
  feed.draw(timeline, context());
  writing.refresh();
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
  const { reader, isClaimed, name } = who;
  return {
    reader, isClaimed, isHost: admission.role === 'host', name, now: Date.now(), isLive: status.link.is === 'live', quoted,
    pendingOf: (seq) => changing.pendingOf(seq), refusalOf: (seq) => changing.refusalOf(seq),
  };
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

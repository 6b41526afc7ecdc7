// Wires the page together: what the reader does goes to the connection, what comes from there goes to the view.

import { Connection } from './connection.js';
import { LIMITS, cleanCheep, countChars, parseCheep, parseName } from './protocol.js';
import { Outbox, loadDraft, loadIdentity, onIdentityChange, randomId, saveDraft, saveName } from './storage.js';
import { EMPTY, reduce, visible } from './timeline.js';
import { View } from './view.js';

/** Characters over the limit that are still counted one by one. */
const COUNTED_OVER = 999;

let identity = loadIdentity();
let isNameRefused = false;
let timeline = EMPTY;
let drawn = null;
let status = { link: { is: 'idle' }, online: 0, unsent: 0, caughtUp: false };
let limits = LIMITS;
let frameRequest = null;
let countdown;

const outbox = new Outbox();

const view = new View({
  onName: chooseName,
  onCheep: submit,
  onDraft: draftChanged,
  onRetry: () => connection.retry(),
  onNewest: toNewest,
  onScroll: look,
});

const connection = new Connection({
  url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`,
  onChange: (follow) => {
    outbox.save(follow.outbox);
    status = { link: follow.link, online: follow.online, unsent: follow.outbox.length, caughtUp: follow.caughtUp };
    if (limits !== follow.limits) {
      limits = follow.limits;
      showLeft();
    }
    draw();
  },
  onOutput: show,
});

view.draft = loadDraft();
showLeft();
if (identity) useIdentity(identity);
else view.askName();
connection.start();
outbox.adoptOrphans(post);
onIdentityChange(useIdentity);

/** @param {import('./follow.js').Output} output */
function show(output) {
  switch (output.do) {
    case 'named':
      view.showName(output.name, output.claimed);
      // A form that the reader opened stays open.
      if (isNameRefused) view.showComposer();
      isNameRefused = false;
      break;
    case 'name_refused':
      // After each reconnect it is refused again: what is being typed by then stays.
      if (!isNameRefused) view.askName(identity.name);
      isNameRefused = true;
      view.showNameRefusal(output.error.message);
      break;
    case 'refused':
      act(output);
      // What is being written stays, below what came back.
      view.draft = [output.post.cheep, view.draft].filter((text) => text !== '').join('\n');
      draftChanged();
      view.showRefusal(output.error.message);
      break;
    default:
      act(output);
  }
}

function act(action) {
  timeline = reduce(timeline, action);
  draw();
}

function chooseName(typed) {
  try {
    useIdentity(saveName(parseName(typed.trim())));
    view.focusComposer();
  } catch (refusal) {
    view.showNameRefusal(refusal.message);
  }
}

function useIdentity(chosen) {
  identity = chosen;
  isNameRefused = false;
  view.showName(identity.name, false);
  view.showComposer();
  connection.identify(identity);
}

function submit() {
  let cheep;
  try {
    cheep = parseCheep(view.draft, limits);
  } catch (refusal) {
    view.showRefusal(refusal.message);
    return;
  }
  view.draft = '';
  draftChanged();
  post({ id: randomId(), cheep });
  toNewest();
}

function post(what) {
  act({ do: 'post', post: what });
  connection.post(what);
}

function draftChanged() {
  saveDraft(view.draft);
  view.showRefusal('');
  showLeft();
}

function showLeft() {
  const most = limits.cheep_chars;
  view.showLeft(most - countChars(cleanCheep(view.draft), most + COUNTED_OVER));
}

function toNewest() {
  act({ do: 'follow' });
  view.scrollToTop();
}

/** Loads and draws what the reader comes near to; nothing new is put in while they read further down. */
function look() {
  const { above, below, more } = visible(timeline);
  if (!view.isAtTop) act({ do: 'hold' });
  else if (!above) act({ do: 'follow' });
  if (view.isNearBottom && below) act({ do: 'down' });
  else if (view.isNearBottom && more) connection.older();
  else if (view.isNearTop && above) act({ do: 'up' });
}

/** Many changes, one drawing. */
function draw() {
  frameRequest ??= requestAnimationFrame(() => {
    frameRequest = null;
    drawStatus();
    if (drawn === timeline) return;
    drawn = timeline;
    view.showTimeline(visible(timeline), identity?.name ?? '');
    view.showEnd(endSentence());
    look();
  });
}

function endSentence() {
  if (timeline.events.length === 0) return status.caughtUp && timeline.pending.length === 0 ? 'Nothing here yet: say something.' : '';
  return timeline.more ? '' : 'This is where it began.';
}

function drawStatus() {
  const { link, online, unsent } = status;
  const unsentText = unsent > 0 ? ` · ${unsent} unsent` : '';
  const isLive = link.is === 'live';
  const isOffline = link.is === 'waiting' || link.is === 'barred';
  clearTimeout(countdown);
  const { waitMs } = connection;
  if (waitMs > 0) countdown = setTimeout(draw, waitMs % 1000 || 1000);
  const states = { live: 'live', waiting: 'offline', barred: 'offline: this server does not let the page in' };
  const detail = isLive ? ` · ${online} online` : waitMs > 0 ? `, again in ${Math.ceil(waitMs / 1000)} s` : '';
  view.showStatus({ isLive, state: states[link.is] ?? 'connecting', details: [detail, unsentText], canRetry: isOffline });
}

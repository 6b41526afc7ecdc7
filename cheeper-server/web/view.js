// The page itself: draws what it is given and tells what the reader does. It decides nothing.

const byId = (id) => document.getElementById(id);

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

export class View {
  #title = document.title;
  #feed = byId('feed');
  #draft = byId('cheep');
  /** @type {Map<object, HTMLElement>} the articles there are, by what they show */
  #articles = new Map();

  /**
   * @param {object} tell
   * @param {(name: string) => void} tell.onName
   * @param {() => void} tell.onCheep
   * @param {() => void} tell.onDraft
   * @param {() => void} tell.onRetry
   * @param {() => void} tell.onNewest
   * @param {() => void} tell.onScroll
   */
  constructor({ onName, onCheep, onDraft, onRetry, onNewest, onScroll }) {
    const onSubmit = (id, tell) => byId(id).addEventListener('submit', (event) => {
      event.preventDefault();
      tell();
    });
    onSubmit('name-form', () => onName(byId('name').value));
    onSubmit('composer', onCheep);
    byId('rename').addEventListener('click', () => this.askName(byId('me').textContent));
    byId('retry').addEventListener('click', onRetry);
    byId('pill').addEventListener('click', onNewest);
    this.#draft.addEventListener('input', onDraft);
    this.#draft.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.isComposing || event.repeat) return;
      event.preventDefault();
      onCheep();
    });
    window.addEventListener('scroll', onScroll, { passive: true });
  }

  /** Asks for a name. */
  askName(name = '') {
    byId('composer').hidden = true;
    byId('name-form').hidden = false;
    byId('name').value = name;
    byId('name').focus({ preventScroll: true });
    byId('name').select();
    this.showNameRefusal('');
  }

  /** @param {string} sentence  why the name cannot be used; empty for nothing */
  showNameRefusal(sentence) {
    byId('name-refusal').textContent = sentence;
  }

  /** Shows who cheeps here. */
  showName(name, isVerified) {
    byId('me').textContent = name;
    byId('me-verified').hidden = !isVerified;
  }

  showComposer() {
    byId('name-form').hidden = true;
    byId('composer').hidden = false;
  }

  focusComposer() {
    this.#draft.focus({ preventScroll: true });
  }

  get draft() {
    return this.#draft.value;
  }

  set draft(text) {
    this.#draft.value = text;
  }

  /** @param {string} sentence  why a cheep was not taken; empty for nothing */
  showRefusal(sentence) {
    byId('refusal').textContent = sentence;
  }

  /** @param {number} left  characters left; below 0 there are too many */
  showLeft(left) {
    byId('left').textContent = String(left).replace('-', '−');
    byId('left').classList.toggle('over', left < 0);
    this.#draft.setAttribute('aria-invalid', String(left < 0));
  }

  /** @param {{isLive: boolean, state: string, details: string[], canRetry: boolean}} status */
  showStatus({ isLive, state, details, canRetry }) {
    const dot = element('span', isLive ? 'live' : '', isLive ? '● ' : '◌ ');
    dot.setAttribute('aria-hidden', 'true');
    // What changes every second is there to see, but is not read out each time.
    const rest = element('span', '', details.join(''));
    rest.setAttribute('aria-live', 'off');
    const status = byId('status');
    if (status.textContent !== dot.textContent + state + rest.textContent) status.replaceChildren(dot, state, rest);
    byId('retry').hidden = !canRetry;
  }

  /**
   * @param {ReturnType<import('./timeline.js').visible>} shown
   * @param {string} me  the name of who cheeps here
   */
  showTimeline(shown, me) {
    const items = [...shown.pending, ...shown.cheeps];
    this.#keepingPlace(() => this.#arrange(items, me));
    byId('pill').hidden = shown.unseen === 0;
    byId('pill').textContent = shown.unseen === 1 ? '1 new cheep ↑' : `${shown.unseen} new cheeps ↑`;
    document.title = shown.unseen === 0 ? this.#title : `(${shown.unseen}) ${this.#title}`;
  }

  /** @param {string} sentence  what stands below the oldest cheep */
  showEnd(sentence) {
    byId('end').textContent = sentence;
  }

  get isAtTop() {
    return window.scrollY <= 1;
  }

  get isNearTop() {
    return window.scrollY < window.innerHeight;
  }

  get isNearBottom() {
    return window.scrollY + 2 * window.innerHeight > document.documentElement.scrollHeight;
  }

  scrollToTop() {
    window.scrollTo(0, 0);
  }

  #arrange(items, me) {
    const wanted = new Set(items);
    for (const [item, article] of this.#articles) {
      if (wanted.has(item)) continue;
      article.remove();
      this.#articles.delete(item);
    }
    let next = this.#feed.firstChild;
    for (const item of items) {
      const there = this.#articles.get(item);
      const article = there ?? drawItem(item, me);
      if (article === next) {
        next = next.nextSibling;
        continue;
      }
      this.#feed.insertBefore(article, next);
      this.#articles.set(item, article);
    }
  }

  /** Changes the feed without moving what is being read. */
  #keepingPlace(change) {
    const anchor = this.isAtTop ? undefined : this.#firstInSight();
    const before = anchor?.getBoundingClientRect().top;
    change();
    if (anchor?.isConnected) window.scrollBy(0, anchor.getBoundingClientRect().top - before);
  }

  #firstInSight() {
    return Array.prototype.find.call(this.#feed.children, (article) => article.getBoundingClientRect().bottom > 0);
  }
}

function drawItem(item, me) {
  return 'post' in item ? drawPending(item, me) : drawCheep(item);
}

function drawCheep({ name, verified, at, cheep }) {
  const time = element('time', 'at', clock.format(new Date(at)));
  time.dateTime = at;
  time.title = calendar.format(new Date(at));
  return drawArticle('cheep', name, verified, time, cheep);
}

function drawPending({ post, seq }, me) {
  const isPlaced = seq !== null;
  const note = element('span', 'at', isPlaced ? 'sent' : 'sending …');
  return drawArticle(isPlaced ? 'cheep' : 'cheep pending', me, false, note, post.cheep);
}

function drawArticle(className, name, isVerified, aside, text) {
  const author = element('span', 'author');
  const bdi = element('bdi', 'name', name);
  author.append(bdi);
  if (isVerified) {
    const mark = element('span', 'verified', '✓');
    mark.role = 'img';
    mark.ariaLabel = 'verified';
    author.append(mark);
  }
  const head = element('p', 'head');
  head.append(author, aside);
  const body = element('p', 'text', text);
  body.dir = 'auto';
  const article = element('article', className);
  article.append(head, body);
  return article;
}

function element(tag, className = '', text = '') {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

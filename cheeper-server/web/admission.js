// Who may do what here: follows what the server says of it, and loads what only some need: the door, and a host's tools.

export class Admission {
  #reenter;
  #onRole;
  #was = 'idle';
  /** @type {Promise<import('./door.js').Door> | null} */
  #door = null;
  /** @type {import('./host.js').Host | null} */
  #host = null;
  /** What the reader may do: `reader`, `member` or `host`; null before the server has said it, and once it lets nobody in. */
  role = null;

  /**
   * @param {() => void} reenter  connects anew, by the session that there is then
   * @param {() => void} onRole  the role may be another
   */
  constructor(reenter, onRole) {
    this.#reenter = reenter;
    this.#onRole = onRole;
  }

  /** The state of the connection changed. @param {import('./follow.js').Follow} follow */
  changed({ link: { is }, role }) {
    const was = this.#was;
    this.#was = is;
    if (is === was) return;
    if (is === 'barred') {
      this.#use(null);
      // What is shown of the timeline would lie over the door; a name that is being carried here belongs to the reader.
      for (const dialog of document.querySelectorAll('dialog:not(#carrying)')) dialog.close();
      this.#atDoor((door) => door.barred());
    }
    if (is === 'live') this.#welcomed(role);
  }

  /** A handshake failed, and the server says this. */
  failed(answer) {
    this.#atDoor((door) => door.failed(answer));
  }

  /** A host wants to do something about a cheep. @param {import('./protocol.js').Cheep} cheep */
  moderate(cheep) {
    if (cheep) this.#host?.moderate(cheep);
  }

  /**
   * Does what the address asks for behind its #, which is secret and therefore taken away first.
   * @param {import('./who.js').Who} who  takes a name that is carried here
   */
  async followLink(who) {
    const { hash, href } = location;
    if (!/^#(join|name)=/.test(hash)) return;
    history.replaceState(null, '', href.slice(0, href.indexOf('#')));
    const { identityIn, tokenIn } = await import('./links.js');
    if (hash.startsWith('#join')) await this.#atDoor((door) => door.enter(tokenIn(hash)));
    else (await import('./carry.js')).offer(identityIn(hash), who);
  }

  #welcomed(role) {
    // Who has come in by a link has no use for its field any more.
    if (role === 'reader' || this.#door) this.#atDoor((door) => door.welcomed(role));
    this.#use(role);
    if (role === 'host') import('./host.js').then(({ Host }) => { this.#host ??= new Host(); });
  }

  /** Who is no host any more has no use for the tools that are there. */
  #use(role) {
    this.role = role;
    document.body.dataset.role = role;
    this.#onRole();
  }

  async #atDoor(what) {
    this.#door ??= import('./door.js').then(({ Door }) => new Door(this.#reenter));
    return what(await this.#door);
  }
}

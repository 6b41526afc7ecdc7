// When the page is drawn: many changes, one drawing; seldom while nobody looks, and never so often that nothing else has a turn.

/** A hidden tab draws next to nothing, but its title counts. */
const HIDDEN_MS = 500;
/** After a drawing, the next one waits this many times as long as it took: in a flood, input has its turn all the same. */
const REST = 5;

export class Pace {
  #draw;
  #isDue = false;
  /** When the next drawing may be, in ms. */
  #restsUntil = 0;

  /** @param {() => void} draw */
  constructor(draw) {
    this.#draw = draw;
  }

  /** There is something to draw. */
  ask() {
    if (this.#isDue) return;
    this.#isDue = true;
    const next = () => {
      this.#isDue = false;
      const start = performance.now();
      this.#draw();
      const end = performance.now();
      this.#restsUntil = end + REST * (end - start);
    };
    if (document.hidden) setTimeout(next, HIDDEN_MS);
    else setTimeout(() => requestAnimationFrame(next), this.#restsUntil - performance.now());
  }

  /** The tab was hidden or shown: a frame that was asked for before does not come while it is hidden. */
  again() {
    this.#isDue = false;
    this.ask();
  }
}

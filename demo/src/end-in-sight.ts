// Keeps the end of a scrolled text in sight while it grows, for as long as the reader stays there. Whoever
// scrolls away is left alone until they come back to the end.
//
// A scroll event alone does not tell who scrolled: the browser moves the position, too, when rows come and go.
// It was the reader when they have just used wheel, keys, finger or scroll bar, or when nothing else changed.
import type { Scope } from './scope.js';

const nearPx = 48;
const wheelMs = 400;
const momentumMs = 1_500;

export class EndInSight {
  holds = true;
  readonly #scroller: HTMLElement;
  // Until when a scroll event is taken for the reader's own.
  #byHandUntil = 0;
  #heights = '';

  constructor(scroller: HTMLElement, content: HTMLElement, scope: Scope) {
    this.#scroller = scroller;
    const sizes = new ResizeObserver(() => this.keep());
    sizes.observe(content);
    sizes.observe(scroller);
    scope.own(() => sizes.disconnect());
    this.#watchHands(scope.signal);
  }

  // Shows the end and stays there.
  show(): void {
    this.holds = true;
    this.keep();
  }

  keep(): void {
    if (!this.holds) return;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#heights = this.#measured();
  }

  // For every scroll event. `canHold`: what follows the view really is the end.
  scrolled(canHold: boolean): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const isNear = canHold && scrollHeight - scrollTop - clientHeight < nearPx;
    const byReader = performance.now() < this.#byHandUntil || this.#heights === this.#measured();
    if (isNear || byReader) this.holds = isNear;
  }

  #measured(): string {
    return `${this.#scroller.scrollHeight} ${this.#scroller.clientHeight}`;
  }

  #watchHands(signal: AbortSignal): void {
    const forMs = (ms: number) => () => {
      this.#byHandUntil = performance.now() + ms;
    };
    const passive = { passive: true, signal };
    for (const kind of ['wheel', 'keydown']) this.#scroller.addEventListener(kind, forMs(wheelMs), passive);
    this.#scroller.addEventListener('touchmove', forMs(momentumMs), passive);
    // The scroll bar, or a selection that is drawn; it may end anywhere.
    this.#scroller.addEventListener('pointerdown', forMs(Infinity), passive);
    for (const kind of ['pointerup', 'pointercancel']) document.addEventListener(kind, forMs(momentumMs), passive);
  }
}

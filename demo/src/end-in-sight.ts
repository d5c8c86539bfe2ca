// Keeps the end of a scrolled text in sight while it grows, for as long as the reader stays there. Whoever
// scrolls away is left alone until they come back to the end.
//
// The browser does not move the position by itself here (`overflow-anchor: none`, no rows of guessed height), so
// a position other than the one left behind by keep() is the reader's doing, by whatever means.
import type { Scope } from './scope.js';

const nearPx = 48;

export class EndInSight {
  holds = true;
  readonly #scroller: HTMLElement;
  #leftAt = 0;

  constructor(scroller: HTMLElement, content: HTMLElement, scope: Scope) {
    this.#scroller = scroller;
    // Told after layout and before painting: nobody sees the end move.
    const sizes = new ResizeObserver(() => this.keep());
    sizes.observe(content);
    sizes.observe(scroller);
    scope.own(() => sizes.disconnect());
  }

  // Shows the end and stays there.
  show(): void {
    this.holds = true;
    this.keep();
  }

  keep(): void {
    if (!this.holds) return;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#leftAt = this.#scroller.scrollTop;
  }

  // For every scroll event. `canHold`: what follows the view really is the end.
  scrolled(canHold: boolean): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    if (this.holds && Math.abs(scrollTop - this.#leftAt) < 1) return;
    this.holds = canHold && scrollHeight - scrollTop - clientHeight < nearPx;
  }
}

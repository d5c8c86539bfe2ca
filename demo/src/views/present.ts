// Who else has the draft open, and who types.
import type { Draft, Presence, Presenting } from '@onering/sdk';

import type { Colours } from '../colours.js';
import { fill, h, setText } from '../dom.js';
import type { View } from '../scope.js';
import { badge } from './marks.js';

const badgesMax = 5;

export class Present implements View {
  readonly element: HTMLElement;
  readonly #handle: Draft;
  #presenting: Presenting | null = null;
  readonly #badges = h('span', { class: 'present-badges', 'aria-hidden': 'true' });
  readonly #words = h('span', { class: 'present-words' });
  readonly #user: string;
  #others: readonly Presence[] = [];
  #colours: Colours | null = null;

  constructor(handle: Draft, user: string) {
    this.#handle = handle;
    this.#user = user;
    this.element = h('p', { class: 'present', hidden: true }, this.#badges, this.#words);
  }

  // Nobody sees one at the draft any more.
  end(): void {
    this.#presenting?.close();
    this.#presenting = null;
  }

  typing(): void {
    this.#presenting?.typing();
  }

  // The draft is here, and with it the membership that a server asks of who wants to be seen.
  update(colours: Colours): void {
    this.#presenting ??= this.#handle.present((people) => {
      this.#others = people.filter((person) => person.user !== this.#user);
      this.#draw();
    });
    if (this.#colours === colours) return;
    this.#colours = colours;
    this.#draw();
  }

  #draw(): void {
    const { length } = this.#others;
    this.element.hidden = length === 0;
    if (this.#colours === null || length === 0) return;
    const colours = this.#colours;
    fill(
      this.#badges,
      ...this.#others.slice(0, badgesMax).map(({ user, typing }) => {
        const mark = badge(user, colours.classOf(user));
        mark.classList.toggle('badge-typing', typing);
        return mark;
      }),
    );
    setText(this.#words, sentence(this.#others));
  }
}

function sentence(others: readonly Presence[]): string {
  const typing = others.filter((person) => person.typing).map(({ user }) => user);
  if (typing.length > 0) return `${typing.join(' and ')} ${typing.length === 1 ? 'is' : 'are'} typing…`;
  const names = others.slice(0, badgesMax).map(({ user }) => user);
  const more = others.length - names.length;
  return `Also here: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

// Brings the children of an element in line with a list: an item that is the same object as before keeps its
// element, in place; so focus, selection and scroll position survive changes around them.
export class KeyedList<T> {
  readonly #parent: Element;
  readonly #key: (item: T) => string;
  readonly #render: (item: T) => Element;
  #rows = new Map<string, { item: T; element: Element }>();

  constructor(parent: Element, key: (item: T) => string, render: (item: T) => Element) {
    this.#parent = parent;
    this.#key = key;
    this.#render = render;
  }

  update(items: readonly T[]): void {
    const rows = new Map<string, { item: T; element: Element }>();
    for (const item of items) rows.set(this.#key(item), this.#row(item));
    for (const [key, old] of this.#rows) {
      if (!rows.has(key)) old.element.remove();
    }
    this.#rows = rows;
    this.#place(rows);
  }

  #row(item: T): { item: T; element: Element } {
    const old = this.#rows.get(this.#key(item));
    if (old?.item === item) return old;
    const element = this.#render(item);
    old?.element.replaceWith(element);
    return { item, element };
  }

  #place(rows: ReadonlyMap<string, { element: Element }>): void {
    let next = this.#parent.firstElementChild;
    for (const { element } of rows.values()) {
      if (element === next) {
        next = next.nextElementSibling;
      } else {
        this.#parent.insertBefore(element, next);
      }
    }
  }
}

// Elements without a framework: `h('button', {class: 'quiet', onclick: pass}, 'Pass the ring')`.

export type Child = Node | string | null | false | undefined;
type Value = string | number | boolean | null | undefined | ((event: never) => unknown);
export type Attributes = Record<string, Value>;

// Attributes are set as written; `true` is the empty attribute, null, undefined and false leave it out.
// What begins with "on" is a listener. Text goes in as text, never as markup.
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  return dressed(document.createElement(tag), attributes, children);
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  return dressed(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function dressed<E extends Element>(element: E, attributes: Attributes, children: Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      element.addEventListener(name.slice(2), value as EventListener);
    } else {
      setAttribute(element, name, value);
    }
  }
  element.append(...children.filter(isPresent));
  return element;
}

export function setAttribute(element: Element, name: string, value: Exclude<Value, (event: never) => unknown>): void {
  if (value === null || value === undefined || value === false) {
    element.removeAttribute(name);
  } else {
    element.setAttribute(name, value === true ? '' : String(value));
  }
}

// Like replaceChildren, but takes what is left out.
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(...children.filter(isPresent));
}

// Writes only what differs, so that screen readers are not told the same again.
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

function isPresent(child: Child): child is Node | string {
  return child !== null && child !== undefined && child !== false;
}

// Label and field belong together by id; ids are made here.
let ids = 0;
export function newId(name: string): string {
  return `${name}-${++ids}`;
}

// Whether a view has anything new to draw. What the package hands out is the same object as long as it has not
// changed, so looking at the objects is enough.
export class Unchanged {
  #seen: readonly unknown[] | null = null;

  // True when these are the same as the last time; remembers them.
  since(...parts: readonly unknown[]): boolean {
    const same = this.#seen?.every((part, i) => part === parts[i]) ?? false;
    this.#seen = parts;
    return same;
  }
}

/** Checks of what an app passes in. Wrong types are defects of the app and throw; wrong values are the core's to judge. */

export function textArgument(name: string, value: unknown): void {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string`);
}

/** A whole number within the bounds; what is beyond them is brought to the nearest. */
export function countArgument(name: string, value: unknown, min: number, max: number, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || Number.isNaN(value)) throw new TypeError(`${name} must be a number`);
  return Math.min(max, Math.max(min, Math.trunc(value)));
}

// Where in the page one is: the part of the address behind `#`.
export type Route = { readonly at: 'list' } | { readonly at: 'draft'; readonly id: string } | { readonly at: 'kept' };

const draftPattern = /^#\/draft\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

export function currentRoute(): Route {
  const draft = draftPattern.exec(location.hash)?.[1];
  if (draft !== undefined) return { at: 'draft', id: draft };
  return location.hash === '#/kept' ? { at: 'kept' } : { at: 'list' };
}

export function draftAddress(id: string): string {
  return `#/draft/${id}`;
}

export const keptAddress = '#/kept';
export const listAddress = '#/';

// Where in the page one is: the part of the address behind `#`.
export type Route = { readonly at: 'list' } | { readonly at: 'draft'; readonly id: string } | { readonly at: 'kept' } | { readonly at: 'invite'; readonly code: string };

const draftPattern = /^#\/draft\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;
const invitePattern = /^#invite=(.+)$/;

export function currentRoute(): Route {
  const draft = draftPattern.exec(location.hash)?.[1];
  if (draft !== undefined) return { at: 'draft', id: draft };
  const code = invitePattern.exec(location.hash)?.[1];
  if (code !== undefined) return { at: 'invite', code };
  return location.hash === '#/kept' ? { at: 'kept' } : { at: 'list' };
}

export function draftAddress(id: string): string {
  return `#/draft/${id}`;
}

export function inviteAddress(code: string): string {
  return `#invite=${code}`;
}

export const keptAddress = '#/kept';
export const listAddress = '#/';

import type { Notices } from './notices.js';

// Puts a link on the clipboard, and says whether it is there.
export async function copyLink(link: string, notices: Notices): Promise<void> {
  try {
    await navigator.clipboard.writeText(link);
    notices.say('The link is on the clipboard.');
  } catch {
    notices.fail('The browser does not let the page use the clipboard. Copy the link by hand.');
  }
}

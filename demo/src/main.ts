import '@fontsource-variable/instrument-sans/wght.css';
import '@fontsource-variable/literata/wght.css';

import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/shell.css';
import './styles/list.css';
import './styles/draft.css';
import './styles/panel.css';
import './styles/company.css';
import './styles/kept.css';
import './styles/landing.css';

import { faultOfName, openClient, userFromAddress } from './session.js';
import { applyTheme, currentTheme } from './theme.js';
import { Desk } from './views/desk.js';
import { signIn } from './views/sign-in.js';

applyTheme(currentTheme());
void start();

async function start(): Promise<void> {
  const user = userFromAddress();
  const fault = user === null ? null : faultOfName(user);
  if (user === null || fault !== null) {
    document.body.append(signIn(fault ?? ''));
    return;
  }
  if (!isSecureContext) {
    document.body.append(signIn('A browser keeps drafts only for a page with an https address, or one of its own machine.'));
    return;
  }
  document.body.append(new Desk(await openClient(user), user).element);
  keepPageForOffline();
}

// So that the page itself opens without the server, too.
function keepPageForOffline(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  navigator.serviceWorker.register('/service-worker.js').catch(() => undefined); // a browser may not allow it: then not
}

// People at the page, for whatever drives it: the check of demo/run, the screenshots, the tests. They find
// things as people do, by what is written on them, and wait for what they see, never for time to pass.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

import { chromium } from 'playwright-core';

const patienceMs = 30_000;

// Chromium with a profile of its own: storage, restarts and crashes need one that lasts.
export async function openBrowser(profile, options = {}) {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findChromium(),
    headless: true,
    chromiumSandbox: false,
    args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    viewport: { width: 1280, height: 820 },
    timezoneId: 'UTC',
    ...options,
  });
  context.setDefaultTimeout(patienceMs);
  return context;
}

// $CHROMIUM, or the first of the usual names on the PATH.
export function findChromium() {
  const names = process.env.CHROMIUM ? [process.env.CHROMIUM] : ['chromium', 'chromium-browser', 'google-chrome'];
  const folders = ['', ...(process.env.PATH ?? '').split(delimiter)];
  for (const name of names) {
    const found = folders.map((folder) => join(folder, name)).find(isExecutable);
    if (found !== undefined) return found;
  }
  throw new Error('Chromium is not installed: install the package chromium, or set CHROMIUM to its path.');
}

function isExecutable(path) {
  if (!path.includes('/')) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

// Asks until the answer is neither null, undefined nor false; says what was waited for when it never is.
export async function until(what, ask, timeoutMs = patienceMs) {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (performance.now() > end) throw new Error(`waited ${timeoutMs / 1_000} s, and still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export class Person {
  // What the page complained about: uncaught errors and console errors.
  problems = [];

  constructor(page, name, address) {
    this.page = page;
    this.name = name;
    this.address = address;
    page.on('pageerror', (error) => this.problems.push(String(error.stack ?? error)));
    page.on('console', (message) => {
      if (message.type() === 'error') this.problems.push(`${message.text()} (${message.location().url})`);
    });
  }

  // Sits down at the page: in the first tab, or a new one.
  static async arrive(context, address, name, { newTab = false } = {}) {
    const free = newTab ? undefined : context.pages().find((page) => page.url() === 'about:blank');
    const person = new Person(free ?? (await context.newPage()), name, address);
    await person.goTo('');
    return person;
  }

  async goTo(hash) {
    await this.page.goto(`${this.address}?${new URLSearchParams({ user: this.name })}${hash}`);
    await this.page.getByRole('banner').waitFor();
  }

  // --- drafts ---

  async begin(title, members = []) {
    await this.page.getByRole('button', { name: 'New draft', exact: true }).click();
    const dialog = this.page.getByRole('dialog', { name: 'A new draft' });
    await dialog.getByLabel('Title').fill(title);
    await dialog.getByLabel('Who writes with you').fill(members.join(', '));
    await dialog.getByRole('button', { name: 'Begin' }).click();
    await this.heading(title).waitFor();
    return this.draftId();
  }

  // By its title, from the list.
  async choose(title) {
    await this.page.getByRole('navigation', { name: 'Drafts' }).getByRole('link', { name: title }).first().click();
    await this.heading(title).waitFor();
  }

  async openDraft(id) {
    await this.goTo(`#/draft/${id}`);
    await this.page.getByRole('region', { name: 'Text' }).waitFor();
  }

  draftId() {
    return new URL(this.page.url()).hash.replace('#/draft/', '');
  }

  heading(title) {
    return this.page.getByRole('heading', { level: 1, name: title, exact: true });
  }

  // --- writing ---

  get field() {
    return this.page.getByRole('form', { name: 'Write' }).getByRole('textbox');
  }

  // Resolves when the segment is stored on this device: only then does the page give the text up.
  async append(text) {
    await this.field.fill(text);
    await this.field.press('Control+Enter');
    await until(`${this.name}'s segment is stored`, async () => (await this.field.inputValue()) === '');
  }

  segment(text) {
    return this.page.locator('.segment', { hasText: text });
  }

  // Confirmed by the server, and on this page.
  async reads(text) {
    await this.page.locator('.segment:not(.segment-is-pending)', { hasText: text }).first().waitFor();
  }

  // --- the ring ---

  button(name) {
    return this.page.getByRole('button', { name, exact: true });
  }

  async passTo(user) {
    await this.page.getByLabel('Pass to').selectOption(user);
    await this.button('Pass the ring').click();
    await this.page.getByText(`${user} holds the ring`).first().waitFor();
  }

  async holdsTheRing() {
    await this.page.getByText('It is your turn').first().waitFor();
  }

  // --- link ---

  async workOffline(offline) {
    const control = this.page.getByRole('switch', { name: 'Work offline' });
    if ((await control.getAttribute('aria-checked')) !== String(offline)) await control.click();
    await (offline ? this.linkIs('Offline') : this.linkIs('Live'));
  }

  async linkIs(state) {
    await this.page.getByRole('button', { name: `This device: ${state}` }).waitFor();
  }

  // Nothing waits for a receipt any more.
  async isSynced() {
    await this.page.locator('.link-button[data-link=live][data-pending="0"]').waitFor();
  }

  // Where the open draft's confirmed log ends.
  async chain() {
    const [seq, link] = await Promise.all([
      this.page.locator('.chain-seq').getAttribute('value'),
      this.page.locator('.chain-link').getAttribute('title'),
    ]);
    return { seq: Number(seq), link };
  }

  // Confirmed segments that the page shows, as {author, text}; of those above the end as many as it draws unasked,
  // which it does in pieces.
  async segments() {
    await this.page.waitForFunction(() => document.querySelector('.page-bar')?.hidden || document.querySelectorAll('.segment').length >= 72);
    return this.page.locator('.segment:not(.segment-is-pending)').evaluateAll((rows) =>
      rows.map((row) => ({
        author: row.querySelector('.segment-author, .visually-hidden')?.textContent ?? '',
        text: row.querySelector('.segment-text')?.textContent ?? '',
      })),
    );
  }

  async storageKind() {
    return this.page.locator('.link-button').getAttribute('data-storage');
  }
}

// Until all of them have the same log of the open draft.
export async function agreed(people) {
  return until(`${people.map((person) => person.name).join(' and ')} have the same chain`, async () => {
    const chains = await Promise.all(people.map((person) => person.chain()));
    const [first] = chains;
    return chains.every((chain) => chain.seq === first.seq && chain.link === first.link) && first;
  });
}

// Firefox for the tests: driven by WebDriver BiDi, which the release that people have understands, with profiles that
// last and a world for each test.
import assert from 'node:assert/strict';
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';

import puppeteer from 'puppeteer-core';

import { Server, whatIsMissing } from '../server.mjs';

// $FIREFOX, or the first of the usual names on the PATH; null where there is none.
export function findFirefox() {
  const names = process.env.FIREFOX ? [process.env.FIREFOX] : ['firefox-esr', 'firefox'];
  const folders = ['', ...(process.env.PATH ?? '').split(delimiter)];
  const isExecutable = (path) => {
    try {
      accessSync(path, constants.X_OK);
      return path.includes('/');
    } catch {
      return false;
    }
  };
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable) ?? null;
}

// Nothing that Firefox would ask of the world outside, and no question to the user about storage.
const preferences = {
  'app.normandy.enabled': false,
  'browser.safebrowsing.update.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'dom.storageManager.prompt.testing': true,
  'dom.storageManager.prompt.testing.allow': true,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'toolkit.telemetry.enabled': false,
};

// Firefox on a profile that lasts; the folder is made where it is missing.
export async function openFirefox(profile) {
  await mkdir(profile, { recursive: true });
  return puppeteer.launch({
    browser: 'firefox',
    protocol: 'webDriverBiDi',
    executablePath: findFirefox(),
    headless: true,
    userDataDir: profile,
    extraPrefsFirefox: preferences,
    waitForInitialPage: false,
  });
}

class World {
  #browsers = new Set();
  #problems = [];

  constructor(folder) {
    this.folder = folder;
  }

  async serve(options) {
    this.server = await Server.start(this.folder, options);
    return this.server;
  }

  // A browser on the named profile; the same name again finds what the profile holds.
  async browse(profile) {
    const browser = await openFirefox(join(this.folder, 'profiles', profile));
    this.#browsers.add(browser);
    return browser;
  }

  // A tab at the address. What it complains about fails the test.
  async visit(browser, address) {
    const page = await browser.newPage();
    page.on('pageerror', (error) => this.#problems.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && this.#problems.push(message.text()));
    await page.goto(address);
    return page;
  }

  // At once, as a crash does.
  async killBrowser(browser) {
    const running = browser.process();
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await ended;
    this.#browsers.delete(browser);
  }

  checkComplaints(expected) {
    const unexpected = this.#problems.filter((problem) => !expected.some((pattern) => pattern.test(problem)));
    assert.deepEqual(unexpected, [], 'a page complained');
  }

  async end() {
    await Promise.allSettled([...this.#browsers].map((browser) => browser.close()));
    await this.server?.kill();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

// A test with a world of its own. `expect`: complaints that belong to it.
export function story(sentence, { expect = [], timeoutMs = 180_000, skip = null } = {}, tell) {
  const missing = whatIsMissing() ?? skip ?? (findFirefox() === null ? 'Firefox is not installed' : null);
  test(sentence, { timeout: timeoutMs, ...(missing === null ? {} : { skip: missing }) }, async () => {
    const world = new World(await mkdtemp(join(tmpdir(), 'onering-firefox-')));
    try {
      await tell(world);
      world.checkComplaints(expect);
    } finally {
      await world.end();
    }
  });
}

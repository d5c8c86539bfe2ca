// What one test has for itself: a folder, a server, browsers with profiles that last. All of it is gone
// afterwards, and no page may have complained.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { Person, openBrowser } from '../../demo/person.mjs';
import { Server, root, whatIsMissing } from './server.mjs';

export class World {
  #contexts = new Set();
  #people = [];
  #owned = [];

  constructor(folder) {
    this.folder = folder;
  }

  async serve(options) {
    this.server = await Server.start(this.folder, options);
    return this.server;
  }

  // Ends with the world.
  own(thing) {
    this.#owned.push(thing);
    return thing;
  }

  // A browser on the named profile; the same name again finds what the profile holds.
  async browse(profile, options = {}) {
    const context = await openBrowser(join(this.folder, 'profiles', profile), options);
    this.#contexts.add(context);
    context.on('close', () => this.#contexts.delete(context));
    return context;
  }

  // Someone at the page, in a browser of their own.
  async arrive(name, { context, ...options } = {}) {
    const browser = context ?? (await this.browse(name, options.browser));
    const person = await Person.arrive(browser, this.server.address, name, options);
    this.#people.push(person);
    return person;
  }

  // Browsers whose end nobody was told of do not close: their pages are not asked any more.
  async killBrowser(context) {
    await killProcessesOf(context);
    this.#contexts.delete(context);
  }

  // `expected`: complaints that belong to what a test does, such as a connection refused by a dead server.
  checkComplaints(expected = []) {
    const problems = this.#people.flatMap((person) => person.problems.map((problem) => `${person.name}: ${problem}`));
    const unexpected = problems.filter((problem) => !expected.some((pattern) => pattern.test(problem)));
    assert.deepEqual(unexpected, [], 'a page complained');
  }

  async screenshot(person, name) {
    const folder = join(root, 'build/screenshots');
    await mkdir(folder, { recursive: true });
    await person.page.screenshot({ path: join(folder, `${name}.png`) });
  }

  async end() {
    await Promise.allSettled([...this.#contexts].map((context) => context.close()));
    for (const thing of this.#owned) thing.end();
    await this.server?.kill();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

// What a browser says when no server answers.
export const connectionRefused = /net::ERR_CONNECTION_REFUSED|net::ERR_INTERNET_DISCONNECTED|net::ERR_CONNECTION_RESET/;

// A test with a world of its own. `expect`: complaints that belong to it.
export function story(sentence, { expect = [], timeoutMs = 180_000, skip = null } = {}, tell) {
  const missing = whatIsMissing() ?? skip;
  test(sentence, { timeout: timeoutMs, ...(missing === null ? {} : { skip: missing }) }, async (context) => {
    const world = new World(await mkdtemp(join(tmpdir(), 'onering-browser-')));
    try {
      await tell(world, context);
      world.checkComplaints(expect);
    } finally {
      await world.end();
    }
  });
}

// At once, as a crash does: the browser's own processes, which it names itself.
async function killProcessesOf(context) {
  const session = await context.browser().newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const browser = processInfo.find((each) => each.type === 'browser');
  const others = processInfo.filter((each) => each.type !== 'browser');
  const closed = new Promise((resolve) => context.once('close', resolve));
  for (const { id } of [browser, ...others]) {
    try {
      process.kill(id, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error; // went with the browser
    }
  }
  await closed;
}

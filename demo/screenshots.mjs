// Pictures of the page for the documentation: a small story written in turns through a real server.
//
//   node demo/screenshots.mjs http://127.0.0.1:8080/ [FOLDER]      default: docs/images
//
// The server should have an empty store. Writes first-page, draft-light, invite, past, draft-dark, kept-work and phone.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Person, openBrowser } from './person.mjs';

const title = 'The kitchen table';
const desk = { width: 1280, height: 800 };
const phone = { width: 375, height: 740 };

const turns = [
  ['ada', ['Three people agreed to write one story, and to write it one at a time. Whoever had the ring wrote; the others read, and waited, and thought of what they would have done instead.', 'The first evening it lay on the kitchen table between the bread and the lamp.']],
  ['bob', ['Nobody took it. Then somebody did.']],
  ['carol', ['“Take it with you,” she said. “Where I go there is no signal,” he said, and that was exactly why it had to be him.', 'He wrote on the train, then on the ferry, then in a room above a bakery, and none of it could collide with anything, because there was only ever one pen.']],
  ['ada', ['By the time it came back the draft had grown a middle. A middle is a hard thing to grow alone.']],
  ['bob', ['She read it twice before she asked for her turn.']],
];

async function main(address, folder) {
  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(join(tmpdir(), 'onering-screenshots-'));
  const contexts = [];
  const arrive = async (name, options) => {
    const context = await openBrowser(join(scratch, `${name}-${contexts.length}`), { colorScheme: 'light', ...options });
    contexts.push(context);
    return Person.arrive(context, address, name);
  };
  const shoot = (person, name) => person.page.screenshot({ path: join(folder, `${name}.png`) });
  try {
    const people = {
      ada: await arrive('ada', { viewport: desk }),
      bob: await arrive('bob', { viewport: desk, colorScheme: 'dark' }),
      carol: await arrive('carol', { viewport: phone, deviceScaleFactor: 2, isMobile: true, hasTouch: true }),
    };
    await writeStory(people);
    await takePictures(people, shoot);
    const guest = await arrive('guest', { viewport: desk });
    await guest.page.goto(address);
    await guest.page.getByRole('textbox').fill('ada');
    await shoot(guest, 'first-page');
  } finally {
    await Promise.all(contexts.map((context) => context.close()));
    await rm(scratch, { recursive: true, force: true });
  }
}

async function writeStory({ ada, bob, carol }) {
  for (const other of ['Letters between two stations', 'Minutes of the garden club', 'An index of small weather']) {
    await ada.begin(other, ['bob']);
    await ada.append('It began with a list.');
    await ada.passTo('bob');
  }
  await ada.begin(title, ['bob', 'carol']);
  await bob.choose(title);
  await carol.choose(title);
  const people = { ada, bob, carol };
  for (const [i, [name, texts]] of turns.entries()) {
    await people[name].holdsTheRing();
    for (const text of texts) await people[name].append(text);
    const next = turns[i + 1]?.[0];
    if (next !== undefined) await people[name].passTo(next);
  }
  await Promise.all(Object.values(people).map((person) => person.isSynced()));
}

async function takePictures({ ada, bob, carol }, shoot) {
  await carol.button('Request the ring').click();
  await bob.page.getByText('Waiting: 1. carol').waitFor();
  await ringIsAtRest(ada);
  await shoot(ada, 'draft-light');

  await takeCompany(ada, bob, shoot);

  await bob.workOffline(true);
  await bob.append('Her turn came on a Sunday, with rain.');
  await ringIsAtRest(bob);
  await shoot(bob, 'draft-dark');
  await ringIsAtRest(carol);
  await shoot(carol, 'phone');

  await ada.button('Reclaim').click();
  await ada.holdsTheRing();
  await bob.workOffline(false);
  await bob.page.getByText('1 change not accepted').first().waitFor();
  await ringIsAtRest(bob);
  await shoot(bob, 'kept-work');
}

// An invite just made, and the draft as it was.
async function takeCompany(ada, bob, shoot) {
  await ada.page.getByRole('button', { name: 'Make a link' }).click();
  await ada.page.getByLabel('The link, shown only now.').waitFor();
  await shoot(ada, 'invite');
  await ada.goTo(new URL(ada.page.url()).hash);
  const slider = bob.page.getByRole('slider');
  await slider.fill('9');
  await bob.page.getByText('After change 9').waitFor();
  await shoot(bob, 'past');
  await slider.press('Escape');
}

// The ring has arrived, and what has changed is painted.
async function ringIsAtRest(person) {
  await person.page.evaluate(async () => {
    for (let frame = 0; frame < 3; ++frame) await new Promise(requestAnimationFrame);
    const ending = document.getAnimations().filter((animation) => animation.effect?.getComputedTiming().iterations !== Infinity);
    await Promise.allSettled(ending.map((animation) => animation.finished));
  });
}

const [address, folder = fileURLToPath(new URL('../docs/images', import.meta.url))] = process.argv.slice(2);
if (address === undefined) {
  console.error('usage: node demo/screenshots.mjs ADDRESS [FOLDER]');
  process.exit(2);
}
await main(address, folder);

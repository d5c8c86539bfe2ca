// Who sits around the ring: a seat for each member who can hold it, the ring on the holder's, numbers on those
// who wait. The ring travels along the circle when it is passed (at once where less motion is wanted).
import type { DraftSnapshot } from '@onering/sdk';

import { type Colours, initialOf } from '../colours.js';
import { setText, svg } from '../dom.js';
import { KeyedList } from '../keyed.js';
import { Unchanged } from '../unchanged.js';
import { names } from '../words.js';

const seatsMax = 10;
const centre = { x: 160, y: 122 };
const radius = 78;

interface Seat {
  readonly user: string;
  readonly angle: number;
  readonly place: number; // in the queue, from 1; 0: does not wait
  readonly holds: boolean;
  readonly colour: string;
}

export class RingPicture {
  readonly element: SVGSVGElement;
  readonly #title = svg('title');
  readonly #carrier = svg('g', { class: 'carrier' }, svg('circle', { class: 'carried-ring', cx: centre.x, cy: centre.y - radius, r: 23 }));
  readonly #caption = svg('text', { class: 'ring-caption', x: centre.x, y: centre.y - 2 });
  readonly #subcaption = svg('text', { class: 'ring-subcaption', x: centre.x, y: centre.y + 20 });
  readonly #seats: KeyedList<Seat>;
  readonly #unchanged = new Unchanged();
  #shown: readonly Seat[] = [];
  #angle: number | null = null;

  constructor() {
    const seats = svg('g');
    this.#seats = new KeyedList(seats, (seat) => seat.user, drawSeat);
    this.element = svg(
      'svg',
      { class: 'ring-picture', viewBox: '0 0 320 246', role: 'img' },
      this.#title,
      svg('circle', { class: 'ring-orbit', cx: centre.x, cy: centre.y, r: radius }),
      seats,
      this.#carrier,
      this.#caption,
      this.#subcaption,
    );
  }

  update(draft: DraftSnapshot, colours: Colours): void {
    if (this.#unchanged.since(draft.ring, draft.members, draft.status, colours)) return;
    const seats = seatsOf(draft, colours);
    const known = new Map(this.#shown.map((seat) => [JSON.stringify(seat), seat]));
    this.#shown = seats.map((seat) => known.get(JSON.stringify(seat)) ?? seat);
    this.#seats.update(this.#shown);
    this.#carry(seats.find((seat) => seat.holds)?.angle ?? 0);
    setText(this.#caption, shortened(draft.holding ? 'You' : draft.ring.holder, 14));
    setText(this.#subcaption, draft.status === 'completed' ? 'held it last' : draft.holding ? 'hold the ring' : 'holds the ring');
    setText(this.#title, sentence(draft));
  }

  // The shorter way round; the first time without a journey.
  #carry(to: number): void {
    const from = this.#angle;
    const way = from === null ? 0 : ((((to - from) % 360) + 540) % 360) - 180;
    this.#angle = from === null ? to : from + way;
    this.#carrier.classList.toggle('travels', from !== null);
    this.#carrier.style.transform = `rotate(${this.#angle}deg)`;
  }
}

function sentence(draft: DraftSnapshot): string {
  const waiting = draft.ring.requests.map((request) => request.user);
  const queue = waiting.length === 0 ? 'Nobody waits for it.' : `Waiting, in order: ${names(waiting)}.`;
  return `${draft.ring.holder} holds the ring. ${queue}`;
}

// Where there are more members than seats: the holder, the owner and who waits sit first.
function seatsOf(draft: DraftSnapshot, colours: Colours): Seat[] {
  const queue = draft.ring.requests.map((request) => request.user);
  const important = new Set([draft.ring.holder, draft.owner, ...queue]);
  const able = draft.members.filter((member) => member.role !== 'viewer').map((member) => member.user);
  const chosen = new Set([...able.filter((user) => important.has(user)), ...able].slice(0, seatsMax));
  const users = able.filter((user) => chosen.has(user));
  return users.map((user, i) => ({
    user,
    angle: (360 / users.length) * i,
    place: queue.indexOf(user) + 1,
    holds: user === draft.ring.holder,
    colour: colours.classOf(user),
  }));
}

function drawSeat(seat: Seat): SVGGElement {
  const turn = ((seat.angle - 90) * Math.PI) / 180;
  const at = (distance: number) => ({ x: centre.x + distance * Math.cos(turn), y: centre.y + distance * Math.sin(turn) });
  const [disc, label] = [at(radius), at(radius + 32)];
  const number = { x: disc.x + (Math.cos(turn) < -0.01 ? -14 : 14), y: disc.y - 13 };
  const anchor = Math.abs(Math.cos(turn)) < 0.3 ? 'middle' : Math.cos(turn) > 0 ? 'start' : 'end';
  const lettersMax = anchor === 'middle' ? 14 : Math.abs(Math.cos(turn)) > 0.9 ? 7 : 9; // as many as there is room for beside the circle
  return svg(
    'g',
    { class: `seat ${seat.colour}${seat.holds ? ' seat-holds' : ''}` },
    svg('circle', { class: 'seat-disc', cx: disc.x, cy: disc.y, r: 15 }),
    svg('text', { class: 'seat-initial', x: disc.x, y: disc.y + 5 }, initialOf(seat.user)),
    svg('text', { class: 'seat-name', x: label.x, y: label.y + 4, 'text-anchor': anchor }, shortened(seat.user, lettersMax)),
    seat.place > 0 && svg('circle', { class: 'seat-place-disc', cx: number.x, cy: number.y, r: 8.5 }),
    seat.place > 0 && svg('text', { class: 'seat-place', x: number.x, y: number.y + 4 }, String(seat.place)),
  );
}

function shortened(text: string, lengthMax: number): string {
  const letters = [...text];
  return letters.length <= lengthMax ? text : `${letters.slice(0, lengthMax - 1).join('')}…`;
}

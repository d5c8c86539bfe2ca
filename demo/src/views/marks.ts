// Small pictures: the ring itself, icons, a user's badge, and the chain's mark.
import { initialOf } from '../colours.js';
import { h, svg } from '../dom.js';

export function ringMark(className = 'ring-mark'): SVGSVGElement {
  return svg(
    'svg',
    { class: className, viewBox: '0 0 32 32', 'aria-hidden': 'true' },
    svg('circle', { class: 'ring-mark-band', cx: 16, cy: 16, r: 11.5 }),
    svg('circle', { class: 'ring-mark-bead', cx: 24.1, cy: 7.9, r: 4.5 }),
  );
}

const icons = {
  back: 'M15 5l-7 7 7 7',
  plus: 'M12 5v14M5 12h14',
  pen: 'M4 20l1-4L16 5l3 3L8 19l-4 1zM14 7l3 3',
  sun: 'M12 3v2m0 14v2M3 12h2m14 0h2M5.6 5.6L7 7m10 10l1.4 1.4M5.6 18.4L7 17M17 7l1.4-1.4M16 12a4 4 0 11-8 0 4 4 0 018 0z',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  close: 'M6 6l12 12M18 6L6 18',
} as const;

export function icon(name: keyof typeof icons): SVGSVGElement {
  return svg('svg', { class: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true' }, svg('path', { d: icons[name] }));
}

// A disc with the user's initial in their colour; no text, for the name must stand beside it.
export function badge(user: string, colourClass: string): HTMLElement {
  return h('span', { class: `badge ${colourClass}`, 'aria-hidden': 'true', 'data-initial': initialOf(user) });
}

// The end of a chain as a row of bars: two people see at a glance whether they have the same.
export function chainMark(link: string): SVGSVGElement {
  const digits = [...link.slice(0, 24)];
  return svg(
    'svg',
    { class: 'chain-mark', viewBox: `0 0 ${digits.length * 5 - 2} 20`, preserveAspectRatio: 'xMinYMid', 'aria-hidden': 'true' },
    ...digits.map((digit, i) => {
      const height = 4 + Number.parseInt(digit, 16);
      return svg('rect', { x: i * 5, y: 20 - height, width: 3, height, rx: 1.2 });
    }),
  );
}
